package dev.loupe.kernels;

/** The derivative of activations. */
final class Slope {
    /** {@code 1 / sqrt(2 pi)}, the height of the normal density. */
    private static final float DENSITY = (float) (1 / Math.sqrt(2 * Math.PI));

    /** {@code 2 sqrt(2 / pi)}, of GELU's tanh form. */
    private static final float TANH_SLOPE = (float) (2 * Math.sqrt(2 / Math.PI));

    private static final float TANH_CUBE = 0.044715f;

    private Slope() {}

    /** {@code slope[i] = f'(x[from + i])} for {@code slope.length} numbers. */
    static void of(Kernels kernels, Activation f, float[] x, int from, float[] slope) {
        switch (f) {
            case SILU -> silu(kernels, x, from, slope);
            case GELU -> gelu(kernels, x, from, slope);
            case GELU_TANH -> geluTanh(kernels, x, from, slope);
        }
    }

    /** With {@code s} the sigmoid of x: {@code s + x s (1 - s)}. */
    private static void silu(Kernels kernels, float[] x, int from, float[] slope) {
        int n = slope.length;
        for (int i = 0; i < n; i++) {
            slope[i] = -x[from + i];
        }
        kernels.exp(slope, 0, slope, 0, n);
        for (int i = 0; i < n; i++) {
            float s = 1f / (1f + slope[i]);
            slope[i] = s * (1f + x[from + i] * (1f - s));
        }
    }

    /** With {@code u} the argument of the sigmoid: {@code s + x s (1 - s) u'}. */
    private static void geluTanh(Kernels kernels, float[] x, int from, float[] slope) {
        int n = slope.length;
        for (int i = 0; i < n; i++) {
            float v = x[from + i];
            slope[i] = -TANH_SLOPE * (v + TANH_CUBE * v * v * v);
        }
        kernels.exp(slope, 0, slope, 0, n);
        for (int i = 0; i < n; i++) {
            float v = x[from + i];
            float s = 1f / (1f + slope[i]);
            float inner = TANH_SLOPE * (1f + 3f * TANH_CUBE * v * v);
            slope[i] = s * (1f + v * (1f - s) * inner);
        }
    }

    /** With {@code P} the normal distribution and {@code p} its density: {@code P(x) + x p(x)}. */
    private static void gelu(Kernels kernels, float[] x, int from, float[] slope) {
        int n = slope.length;
        float[] density = new float[n];
        for (int i = 0; i < n; i++) {
            density[i] = -0.5f * x[from + i] * x[from + i];
        }
        kernels.exp(density, 0, density, 0, n);
        // x P(x), which gives P(x)
        kernels.activate(Activation.GELU, x, from, slope, 0, n);
        for (int i = 0; i < n; i++) {
            float v = x[from + i];
            float below = v == 0 ? 0.5f : slope[i] / v;
            slope[i] = below + v * DENSITY * density[i];
        }
    }
}
