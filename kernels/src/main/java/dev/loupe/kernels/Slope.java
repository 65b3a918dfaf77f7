package dev.loupe.kernels;

/** The derivative of activations. The constants serve both providers. */
public final class Slope {
    /** {@code 1 / sqrt(2 pi)}, the height of the normal density. */
    public static final float DENSITY = (float) (1 / Math.sqrt(2 * Math.PI));

    /** {@code 2 sqrt(2 / pi)}, of GELU's tanh form. */
    public static final float TANH_SLOPE = (float) (2 * Math.sqrt(2 / Math.PI));

    public static final float TANH_CUBE = 0.044715f;

    private Slope() {}

    /** {@code f'(x)}. */
    public static float of(Activation f, float x) {
        return switch (f) {
            case SILU -> silu(x);
            case GELU -> gelu(x);
            case GELU_TANH -> geluTanh(x);
        };
    }

    /** With {@code s} the sigmoid of x: {@code s + x s (1 - s)}. */
    private static float silu(float x) {
        float s = 1f / (1f + Exponential.exp(-x));
        return s * (1f + x * (1f - s));
    }

    /** With {@code u} the argument of the sigmoid: {@code s + x s (1 - s) u'}. */
    private static float geluTanh(float x) {
        float s = 1f / (1f + Exponential.exp(-TANH_SLOPE * (x + TANH_CUBE * x * x * x)));
        float inner = TANH_SLOPE * (1f + 3f * TANH_CUBE * x * x);
        return s * (1f + x * (1f - s) * inner);
    }

    /** With {@code P} the normal distribution and {@code p} its density: {@code P(x) + x p(x)}. */
    private static float gelu(float x) {
        float density = DENSITY * Exponential.exp(-0.5f * x * x);
        float below = x == 0 ? 0.5f : Exponential.activate(Activation.GELU, x) / x;
        return below + x * density;
    }
}
