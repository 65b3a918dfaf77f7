package dev.loupe.kernels;

/**
 * Types for weights that are -1, 0 or 1: 256 numbers with one half-precision scale, which is
 * repeated for each group of 32 here.
 */
final class TernaryBlocks {
    private static final int[] POWERS_OF_3 = {1, 3, 9, 27, 81};

    private TernaryBlocks() {}

    /** 48 bytes of five digits in base 3, 4 bytes of four, a half. */
    static void tq1(byte[] raw, int at, byte[] codes, int to) {
        digits(raw, at, 32, 5, codes, to);
        digits(raw, at + 32, 16, 5, codes, to + 160);
        digits(raw, at + 48, 4, 4, codes, to + 240);
    }

    /** 256 pairs of bits in two runs of 32 bytes, a half. */
    static void tq2(byte[] raw, int at, byte[] codes, int to) {
        for (int i = 0; i < 256; i++) {
            int pair = Blocks.bits(raw[at + i / 128 * 32 + i % 32], i % 128 / 32 * 2, 2);
            codes[to + i] = (byte) (pair - 1);
        }
    }

    /**
     * A byte is its number in base 3, scaled up from 243 to 256 steps, so that a digit is what
     * stands above the eighth bit after multiplying by 3.
     */
    private static void digits(byte[] raw, int at, int bytes, int digits, byte[] codes, int to) {
        for (int n = 0; n < digits; n++) {
            for (int i = 0; i < bytes; i++) {
                int shifted = (raw[at + i] * POWERS_OF_3[n]) & 0xFF;
                codes[to + n * bytes + i] = (byte) (((shifted * 3) >> 8) - 1);
            }
        }
    }
}
