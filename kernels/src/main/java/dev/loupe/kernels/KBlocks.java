package dev.loupe.kernels;

/**
 * The "K" types: 256 numbers in groups of 16 or 32, whose scales and offsets are themselves small
 * integers, multiples of one or two half-precision numbers per block.
 */
final class KBlocks {
    static final int SIZE = 256;

    private KBlocks() {}

    /** 16 bytes of scale (low nibble) and offset (high), 256 pairs of bits, two halves. */
    static void q2(byte[] raw, int at, byte[] codes, int to) {
        bitPairs(raw, at + 16, codes, to);
    }

    /**
     * 256 third bits, 256 pairs of bits, 16 scales of 6 bits, one half. A bit that is 0 means -4.
     */
    static void q3(byte[] raw, int at, byte[] codes, int to) {
        bitPairs(raw, at + 32, codes, to);
        for (int i = 0; i < SIZE; i++) {
            codes[to + i] += (byte) (4 * Blocks.bits(raw[at + i % 32], i / 32, 1) - 4);
        }
    }

    /** Two halves, 8 scales and 8 offsets of 6 bits in 12 bytes, 256 nibbles. */
    static void q4(byte[] raw, int at, byte[] codes, int to) {
        nibbles(raw, at + 16, codes, to);
    }

    /** As Q4_K, with 256 fifth bits before the nibbles. */
    static void q5(byte[] raw, int at, byte[] codes, int to) {
        nibbles(raw, at + 48, codes, to);
        for (int i = 0; i < SIZE; i++) {
            codes[to + i] += (byte) (16 * Blocks.bits(raw[at + 16 + i % 32], i / 32, 1));
        }
    }

    /** 256 nibbles, 256 pairs of upper bits, 16 signed bytes of scale, one half; 32 is zero. */
    static void q6(byte[] raw, int at, byte[] codes, int to) {
        for (int i = 0; i < SIZE; i++) {
            int half = i / 128;
            int low = Blocks.bits(raw[at + half * 64 + i % 64], i % 128 / 64 * 4, 4);
            int high = Blocks.bits(raw[at + 128 + half * 32 + i % 32], i % 128 / 32 * 2, 2);
            codes[to + i] = (byte) (low + 16 * high - 32);
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
