package dev.loupe.kernels;

/**
 * ggml's first quantised types: 32 numbers with a half-precision scale, and for the types that end
 * in {@code _1} the least of them as offset. Codes without an offset are centred on zero. Of two
 * codes in a byte the lower four bits belong to the first half of the block, the upper four to the
 * second.
 */
final class LegacyBlocks {
    static final int SIZE = 32;

    private LegacyBlocks() {}

    /** Scale, 32 nibbles; 8 stands for zero. */
    static void q4x0(byte[] raw, int at, byte[] codes, int to) {
        nibbles(raw, at + 2, codes, to, 8);
    }

    /** Scale, offset, 32 nibbles. */
    static void q4x1(byte[] raw, int at, byte[] codes, int to) {
        nibbles(raw, at + 4, codes, to, 0);
    }

    /** Scale, 32 fifth bits, 32 nibbles; 16 stands for zero. */
    static void q5x0(byte[] raw, int at, byte[] codes, int to) {
        nibbles(raw, at + 6, codes, to, 16);
        fifthBits(raw, at + 2, codes, to);
    }

    /** Scale, offset, 32 fifth bits, 32 nibbles. */
    static void q5x1(byte[] raw, int at, byte[] codes, int to) {
        nibbles(raw, at + 8, codes, to, 0);
        fifthBits(raw, at + 4, codes, to);
    }

    /** Scale, 32 signed bytes. */
    static void q8x0(byte[] raw, int at, byte[] codes, int to) {
        System.arraycopy(raw, at + 2, codes, to, SIZE);
    }

    private static void nibbles(byte[] raw, int at, byte[] codes, int to, int zero) {
        for (int i = 0; i < SIZE / 2; i++) {
            byte pair = raw[at + i];
            codes[to + i] = (byte) (Blocks.bits(pair, 0, 4) - zero);
            codes[to + SIZE / 2 + i] = (byte) (Blocks.bits(pair, 4, 4) - zero);
        }
    }

    private static void fifthBits(byte[] raw, int at, byte[] codes, int to) {
        for (int i = 0; i < SIZE; i++) {
            codes[to + i] += (byte) (Blocks.bits(raw[at + i / 8], i % 8, 1) << 4);
        }
    }
}
