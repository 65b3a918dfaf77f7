package dev.loupe.kernels;

/**
 * The "K" types: 256 numbers in groups of 16 or 32, whose scales and offsets are themselves small
 * integers, multiples of one or two half-precision numbers per block.
 */
final class KBlocks {
    static final int SIZE = 256;

    private KBlocks() {}

    /** 16 bytes of scale (low nibble) and offset (high), 256 pairs of bits, two halves. */
    static void q2(
            byte[] raw, int at, byte[] codes, int to, float[] scales, float[] offsets, int group) {
        float d = Blocks.half(raw, at + 80);
        float m = Blocks.half(raw, at + 82);
        for (int g = 0; g < 16; g++) {
            scales[group + g] = d * Blocks.bits(raw[at + g], 0, 4);
            offsets[group + g] = -(m * Blocks.bits(raw[at + g], 4, 4));
        }
        bitPairs(raw, at + 16, codes, to);
    }

    /**
     * 256 third bits, 256 pairs of bits, 16 scales of 6 bits, one half. A bit that is 0 means -4.
     */
    static void q3(byte[] raw, int at, byte[] codes, int to, float[] scales, int group) {
        float d = Blocks.half(raw, at + 108);
        for (int g = 0; g < 16; g++) {
            int low = Blocks.bits(raw[at + 96 + g % 8], g / 8 * 4, 4);
            int high = Blocks.bits(raw[at + 104 + g % 4], g / 4 * 2, 2);
            scales[group + g] = d * (low + 16 * high - 32);
        }
        bitPairs(raw, at + 32, codes, to);
        for (int i = 0; i < SIZE; i++) {
            codes[to + i] += (byte) (4 * Blocks.bits(raw[at + i % 32], i / 32, 1) - 4);
        }
    }

    /** Two halves, 8 scales and 8 offsets of 6 bits in 12 bytes, 256 nibbles. */
    static void q4(
            byte[] raw, int at, byte[] codes, int to, float[] scales, float[] offsets, int group) {
        sixBitScales(raw, at, scales, offsets, group);
        nibbles(raw, at + 16, codes, to);
    }

    /** As Q4_K, with 256 fifth bits before the nibbles. */
    static void q5(
            byte[] raw, int at, byte[] codes, int to, float[] scales, float[] offsets, int group) {
        sixBitScales(raw, at, scales, offsets, group);
        nibbles(raw, at + 48, codes, to);
        for (int i = 0; i < SIZE; i++) {
            codes[to + i] += (byte) (16 * Blocks.bits(raw[at + 16 + i % 32], i / 32, 1));
        }
    }

    /** 256 nibbles, 256 pairs of upper bits, 16 signed bytes of scale, one half; 32 is zero. */
    static void q6(byte[] raw, int at, byte[] codes, int to, float[] scales, int group) {
        float d = Blocks.half(raw, at + 208);
        for (int g = 0; g < 16; g++) {
            scales[group + g] = d * raw[at + 192 + g];
        }
        for (int i = 0; i < SIZE; i++) {
            int half = i / 128;
            int low = Blocks.bits(raw[at + half * 64 + i % 64], i % 128 / 64 * 4, 4);
            int high = Blocks.bits(raw[at + 128 + half * 32 + i % 32], i % 128 / 32 * 2, 2);
            codes[to + i] = (byte) (low + 16 * high - 32);
        }
    }

    /**
     * Scale (or offset, {@code kind} 1) of one of the 8 groups: six bits, of which those of the
     * last four groups are split over two bytes.
     */
    static int sixBits(byte[] raw, int at, int kind, int g) {
        if (g < 4) {
            return Blocks.bits(raw[at + kind * 4 + g], 0, 6);
        }
        int low = Blocks.bits(raw[at + 8 + g - 4], kind * 4, 4);
        int high = Blocks.bits(raw[at + kind * 4 + g - 4], 6, 2);
        return low + 16 * high;
    }

    private static void sixBitScales(
            byte[] raw, int at, float[] scales, float[] offsets, int group) {
        float d = Blocks.half(raw, at);
        float m = Blocks.half(raw, at + 2);
        for (int g = 0; g < 8; g++) {
            scales[group + g] = d * sixBits(raw, at + 4, 0, g);
            offsets[group + g] = -(m * sixBits(raw, at + 4, 1, g));
        }
    }

    /** 32 bytes hold 64 numbers: the low nibbles 32 neighbours, the high ones the next 32. */
    private static void nibbles(byte[] raw, int at, byte[] codes, int to) {
        for (int i = 0; i < SIZE; i++) {
            codes[to + i] = (byte) Blocks.bits(raw[at + i / 64 * 32 + i % 32], i % 64 / 32 * 4, 4);
        }
    }

    /** 32 bytes hold 128 numbers: 32 neighbours in the lowest pairs of bits, and so on. */
    private static void bitPairs(byte[] raw, int at, byte[] codes, int to) {
        for (int i = 0; i < SIZE; i++) {
            codes[to + i] =
                    (byte) Blocks.bits(raw[at + i / 128 * 32 + i % 32], i % 128 / 32 * 2, 2);
        }
    }
}
