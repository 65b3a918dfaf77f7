package dev.loupe.kernels;

/** Sums with one fixed order and several chains, which a processor can work on side by side. */
public final class Reduction {
    private Reduction() {}

    /** The sum of sixteen numbers, pairwise; they are used up. */
    public static float sum(float[] lanes) {
        for (int half = 8; half > 0; half /= 2) {
            for (int i = 0; i < half; i++) {
                lanes[i] += lanes[i + half];
            }
        }
        return lanes[0];
    }

    /** The sum of {@code n} numbers. */
    static float sum(float[] x, int from, int n) {
        float s0 = 0;
        float s1 = 0;
        float s2 = 0;
        float s3 = 0;
        int i = from;
        for (; i + 4 <= from + n; i += 4) {
            s0 += x[i];
            s1 += x[i + 1];
            s2 += x[i + 2];
            s3 += x[i + 3];
        }
        for (; i < from + n; i++) {
            s0 += x[i];
        }
        return (s0 + s1) + (s2 + s3);
    }

    /** The sum of {@code (x - mean)^2} over {@code n} numbers. */
    static float squares(float[] x, int from, int n, float mean) {
        float s0 = 0;
        float s1 = 0;
        float s2 = 0;
        float s3 = 0;
        int i = from;
        for (; i + 4 <= from + n; i += 4) {
            float a = x[i] - mean;
            float b = x[i + 1] - mean;
            float c = x[i + 2] - mean;
            float d = x[i + 3] - mean;
            s0 = Math.fma(a, a, s0);
            s1 = Math.fma(b, b, s1);
            s2 = Math.fma(c, c, s2);
            s3 = Math.fma(d, d, s3);
        }
        for (; i < from + n; i++) {
            float a = x[i] - mean;
            s0 = Math.fma(a, a, s0);
        }
        return (s0 + s1) + (s2 + s3);
    }

    /** The sum of {@code x * y} over {@code n} numbers, in sixteen chains. */
    static float dot(float[] x, int from, float[] y, int start, int n) {
        float[] lanes = new float[16];
        int i = 0;
        for (; i + 16 <= n; i += 16) {
            for (int lane = 0; lane < 16; lane++) {
                lanes[lane] = Math.fma(x[from + i + lane], y[start + i + lane], lanes[lane]);
            }
        }
        for (; i < n; i++) {
            lanes[0] = Math.fma(x[from + i], y[start + i], lanes[0]);
        }
        return sum(lanes);
    }

    /** The sum of {@code x * y * z} over {@code n} numbers, in sixteen chains. */
    static float dot(float[] x, int from, float[] y, float[] z, int n) {
        float[] lanes = new float[16];
        int i = 0;
        for (; i + 16 <= n; i += 16) {
            for (int lane = 0; lane < 16; lane++) {
                int k = i + lane;
                lanes[lane] = Math.fma(x[from + k] * y[k], z[k], lanes[lane]);
            }
        }
        for (; i < n; i++) {
            lanes[0] = Math.fma(x[from + i] * y[i], z[i], lanes[0]);
        }
        return sum(lanes);
    }
}
