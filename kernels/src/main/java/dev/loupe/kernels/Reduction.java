package dev.loupe.kernels;

/**
 * Sums with one fixed order: in sixteen chains, which a processor can work on side by side. Number
 * {@code i} belongs to chain {@code i % 16}, and what is left at the end to the first.
 */
public final class Reduction {
    private static final int CHAINS = 16;

    private Reduction() {}

    /** The sum of sixteen numbers, pairwise; they are used up. */
    public static float sum(float[] chains) {
        for (int half = CHAINS / 2; half > 0; half /= 2) {
            for (int i = 0; i < half; i++) {
                chains[i] += chains[i + half];
            }
        }
        return chains[0];
    }

    /** The sum of {@code n} numbers. */
    static float sum(float[] x, int from, int n) {
        float[] sums = new float[CHAINS];
        int i = 0;
        for (; i + CHAINS <= n; i += CHAINS) {
            for (int chain = 0; chain < CHAINS; chain++) {
                sums[chain] += x[from + i + chain];
            }
        }
        for (; i < n; i++) {
            sums[0] += x[from + i];
        }
        return sum(sums);
    }

    /** The sum of {@code (x - mean)^2} over {@code n} numbers. */
    static float squares(float[] x, int from, int n, float mean) {
        float[] sums = new float[CHAINS];
        int i = 0;
        for (; i + CHAINS <= n; i += CHAINS) {
            for (int chain = 0; chain < CHAINS; chain++) {
                float a = x[from + i + chain] - mean;
                sums[chain] = Math.fma(a, a, sums[chain]);
            }
        }
        for (; i < n; i++) {
            float a = x[from + i] - mean;
            sums[0] = Math.fma(a, a, sums[0]);
        }
        return sum(sums);
    }

    /** The sum of {@code x * y} over {@code n} numbers. */
    static float dot(float[] x, int from, float[] y, int start, int n) {
        float[] sums = new float[CHAINS];
        int i = 0;
        for (; i + CHAINS <= n; i += CHAINS) {
            for (int chain = 0; chain < CHAINS; chain++) {
                int k = i + chain;
                sums[chain] = Math.fma(x[from + k], y[start + k], sums[chain]);
            }
        }
        for (; i < n; i++) {
            sums[0] = Math.fma(x[from + i], y[start + i], sums[0]);
        }
        return sum(sums);
    }

    /** The sum of {@code x * y * z} over {@code n} numbers. */
    static float dot(float[] x, int from, float[] y, float[] z, int n) {
        float[] sums = new float[CHAINS];
        int i = 0;
        for (; i + CHAINS <= n; i += CHAINS) {
            for (int chain = 0; chain < CHAINS; chain++) {
                int k = i + chain;
                sums[chain] = Math.fma(x[from + k] * y[k], z[k], sums[chain]);
            }
        }
        for (; i < n; i++) {
            sums[0] = Math.fma(x[from + i] * y[i], z[i], sums[0]);
        }
        return sum(sums);
    }
}
