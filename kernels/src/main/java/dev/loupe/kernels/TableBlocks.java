package dev.loupe.kernels;

/** Types of four bits a number, where the four bits look a value up in a table of 16. */
final class TableBlocks {
    /** ggml's table for IQ4: denser around zero, where most weights are. */
    private static final byte[] IQ4 = {
        -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
    };

    /** Twice the sixteen values of a float of 4 bits, E2M1 (OCP Microscaling Formats 1.0). */
    private static final byte[] E2M1 = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

    private TableBlocks() {}

    /** A half-precision scale, 32 nibbles. */
    static void iq4nl(byte[] raw, int at, byte[] codes, int to) {
        lookUp(IQ4, raw, at + 2, codes, to);
    }

    /** A half, 8 scales of 6 bits around 32 (upper bits first), 8 groups as in IQ4_NL. */
    static void iq4xs(byte[] raw, int at, byte[] codes, int to) {
        for (int g = 0; g < 8; g++) {
            lookUp(IQ4, raw, at + 8 + g * 16, codes, to + g * 32);
        }
    }

    /** A power of two as scale, 32 nibbles. */
    static void mxfp4(byte[] raw, int at, byte[] codes, int to) {
        lookUp(E2M1, raw, at + 1, codes, to);
    }

    /**
     * 2^(exponent - 128), half of E8M0's value since the table holds doubles; exact when denormal.
     */
    static float halfPowerOfTwo(int exponent) {
        int bits = exponent < 2 ? 0x0020_0000 << exponent : (exponent - 1) << 23;
        return Float.intBitsToFloat(bits);
    }

    private static void lookUp(byte[] table, byte[] raw, int at, byte[] codes, int to) {
        for (int i = 0; i < 16; i++) {
            codes[to + i] = table[Blocks.bits(raw[at + i], 0, 4)];
            codes[to + 16 + i] = table[Blocks.bits(raw[at + i], 4, 4)];
        }
    }
}
