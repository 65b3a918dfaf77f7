package dev.loupe.kernels;

/**
 * Stores 32 numbers as ggml's first quantised types do: the scale spreads the codes evenly, from
 * the largest magnitude (types without offset) or from least to largest number. Bytes are those of
 * ggml's reference ({@code quantize_row_*_ref}).
 */
final class LegacyEncoder {
    private static final int SIZE = LegacyBlocks.SIZE;

    private LegacyEncoder() {}

    static void q4x0(float[] x, int from, byte[] raw, int at) {
        float scale = extreme(x, from) / -8;
        Blocks.putHalf(raw, at, scale);
        nibbles(x, from, 0f, scale, 8.5f, 15, raw, at + 2);
    }

    static void q4x1(float[] x, int from, byte[] raw, int at) {
        float least = least(x, from);
        float scale = (largest(x, from) - least) / 15;
        Blocks.putHalf(raw, at, scale);
        Blocks.putHalf(raw, at + 2, least);
        nibbles(x, from, least, scale, 0.5f, 15, raw, at + 4);
    }

    static void q5x0(float[] x, int from, byte[] raw, int at) {
        float scale = extreme(x, from) / -16;
        Blocks.putHalf(raw, at, scale);
        fifthBits(x, from, 0f, scale, 16.5f, raw, at + 2);
        nibbles(x, from, 0f, scale, 16.5f, 31, raw, at + 6);
    }

    static void q5x1(float[] x, int from, byte[] raw, int at) {
        float least = least(x, from);
        float scale = (largest(x, from) - least) / 31;
        Blocks.putHalf(raw, at, scale);
        Blocks.putHalf(raw, at + 2, least);
        fifthBits(x, from, least, scale, 0.5f, raw, at + 4);
        nibbles(x, from, least, scale, 0.5f, 31, raw, at + 8);
    }

    static void q8x0(float[] x, int from, byte[] raw, int at) {
        float scale = Math.abs(extreme(x, from)) / 127;
        Blocks.putHalf(raw, at, scale);
        float inverse = inverse(scale);
        for (int i = 0; i < SIZE; i++) {
            float code = x[from + i] * inverse;
            // halves away from zero, as C's roundf
            raw[at + 2 + i] = (byte) Math.copySign(Math.floor(Math.abs(code) + 0.5), code);
        }
    }

    /** Reference order: multiplied by the inverse, and cut after a half was added. */
    private static int code(float x, float least, float inverse, float zero, int most) {
        return Math.clamp((int) ((x - least) * inverse + zero), 0, most);
    }

    private static void nibbles(
            float[] x,
            int from,
            float least,
            float scale,
            float zero,
            int most,
            byte[] raw,
            int at) {
        float inverse = inverse(scale);
        for (int i = 0; i < SIZE; i++) {
            int code = code(x[from + i], least, inverse, zero, most);
            Blocks.putBits(raw, at + i % 16, i / 16 * 4, code & 15);
        }
    }

    private static void fifthBits(
            float[] x, int from, float least, float scale, float zero, byte[] raw, int at) {
        float inverse = inverse(scale);
        for (int i = 0; i < SIZE; i++) {
            int code = code(x[from + i], least, inverse, zero, 31);
            Blocks.putBits(raw, at + i / 8, i % 8, code >> 4);
        }
    }

    private static float inverse(float scale) {
        return scale == 0 ? 0 : 1 / scale;
    }

    /** The number of largest magnitude, with its sign; the first of equals. */
    private static float extreme(float[] x, int from) {
        float extreme = 0;
        for (int i = from; i < from + SIZE; i++) {
            if (Math.abs(x[i]) > Math.abs(extreme)) {
                extreme = x[i];
            }
        }
        return extreme;
    }

    private static float least(float[] x, int from) {
        float least = x[from];
        for (int i = from + 1; i < from + SIZE; i++) {
            least = Math.min(least, x[i]);
        }
        return least;
    }

    private static float largest(float[] x, int from) {
        float largest = x[from];
        for (int i = from + 1; i < from + SIZE; i++) {
            largest = Math.max(largest, x[i]);
        }
        return largest;
    }
}
