package dev.loupe.kernels;

/**
 * Stores 256 numbers as "K" types: fits a scale (and offset) to each group, rounds these to
 * multiples of the block's one or two halves, and chooses the codes for the rounded ones.
 */
final class KEncoder {
    private static final int SIZE = KBlocks.SIZE;

    private final GroupFit fit = new GroupFit();
    private final float[] scales = new float[16];
    private final float[] offsets = new float[8];
    private final byte[] codes = new byte[SIZE];

    void q4(float[] x, int from, byte[] raw, int at) {
        sixBitScales(x, from, 15, -1f, 20, raw, at);
        for (int i = 0; i < SIZE; i++) {
            Blocks.putBits(raw, at + 16 + i / 64 * 32 + i % 32, i % 64 / 32 * 4, codes[i]);
        }
    }

    void q5(float[] x, int from, byte[] raw, int at) {
        sixBitScales(x, from, 31, -0.5f, 15, raw, at);
        for (int i = 0; i < SIZE; i++) {
            Blocks.putBits(raw, at + 16 + i % 32, i / 32, codes[i] >> 4);
            Blocks.putBits(raw, at + 48 + i / 64 * 32 + i % 32, i % 64 / 32 * 4, codes[i] & 15);
        }
    }

    void q6(float[] x, int from, byte[] raw, int at) {
        float extreme = 0;
        for (int g = 0; g < 16; g++) {
            scales[g] = fit.symmetric(x, from + g * 16, 16, 32);
            if (Math.abs(scales[g]) > Math.abs(extreme)) {
                extreme = scales[g];
            }
        }
        if (extreme == 0) {
            return;
        }
        // the extreme scale takes the code of largest magnitude, -128
        Blocks.putHalf(raw, at + 208, extreme / -128);
        float d = Blocks.half(raw, at + 208);
        for (int g = 0; g < 16; g++) {
            int scale = Blocks.code(scales[g] * (-128 / extreme), -128, 127);
            raw[at + 192 + g] = (byte) scale;
            float step = d * scale;
            for (int i = g * 16; i < g * 16 + 16; i++) {
                codes[i] = (byte) (step == 0 ? 0 : 32 + Blocks.code(x[from + i] / step, -32, 31));
            }
        }
        for (int i = 0; i < SIZE; i++) {
            int half = i / 128;
            Blocks.putBits(raw, at + half * 64 + i % 64, i % 128 / 64 * 4, codes[i] & 15);
            Blocks.putBits(raw, at + 128 + half * 32 + i % 32, i % 128 / 32 * 2, codes[i] >> 4);
        }
    }

    /** The part that Q4_K and Q5_K share: two halves, 8 scales, 8 offsets, and the codes. */
    private void sixBitScales(
            float[] x, int from, int most, float first, int steps, byte[] raw, int at) {
        float largestScale = 0;
        float leastOffset = 0;
        for (int g = 0; g < 8; g++) {
            fit.affine(x, from + g * 32, 32, most, first, steps);
            scales[g] = fit.scale();
            offsets[g] = fit.offset();
            largestScale = Math.max(largestScale, scales[g]);
            leastOffset = Math.min(leastOffset, offsets[g]);
        }
        Blocks.putHalf(raw, at, largestScale / 63);
        Blocks.putHalf(raw, at + 2, -leastOffset / 63);
        float d = Blocks.half(raw, at);
        float m = Blocks.half(raw, at + 2);
        for (int g = 0; g < 8; g++) {
            int scale = sixBits(scales[g], largestScale);
            int offset = sixBits(offsets[g], leastOffset);
            putSixBits(raw, at + 4, 0, g, scale);
            putSixBits(raw, at + 4, 1, g, offset);
            float step = d * scale;
            for (int i = g * 32; i < g * 32 + 32; i++) {
                float above = x[from + i] + m * offset;
                codes[i] = (byte) (step == 0 ? 0 : Blocks.code(above / step, 0, most));
            }
        }
    }

    private static int sixBits(float value, float extreme) {
        return extreme == 0 ? 0 : Blocks.code(value * (63 / extreme), 0, 63);
    }

    /** The counterpart of {@link ScaleBlocks#sixBits}. */
    private static void putSixBits(byte[] raw, int at, int kind, int g, int value) {
        if (g < 4) {
            Blocks.putBits(raw, at + kind * 4 + g, 0, value);
        } else {
            Blocks.putBits(raw, at + 8 + g - 4, kind * 4, value & 15);
            Blocks.putBits(raw, at + kind * 4 + g - 4, 6, value >> 4);
        }
    }
}
