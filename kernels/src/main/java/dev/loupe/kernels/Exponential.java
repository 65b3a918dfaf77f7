package dev.loupe.kernels;

/**
 * {@code e^x} in floats, and what activations make of it, built so that a vector can compute the
 * same bits: only {@code fma}, products, quotients and bit patterns. The constants serve both
 * providers.
 *
 * <p>{@code e^x = 2^n e^r} with {@code n} the integer nearest to {@code x / ln 2}; {@code e^r = 1 +
 * r + r^2 p(r)} with {@code p} fitted at Chebyshev points of {@code |r| <= ln 2 / 2}. Relative
 * error at most 2e-7 from -87 to 88; below that the result is 0, above it infinite.
 */
public final class Exponential {
    /** Below this the result is 0. */
    public static final float LOWEST = -87f;

    /** Above this all results are infinite alike. */
    public static final float HIGHEST = 89f;

    /** Adding it to a small float rounds that to an integer, which the low bits then hold. */
    public static final float ROUND = 0x1.8p23f;

    public static final float LOG2_E = 1.442695f;

    /** The leading bits of ln 2, few enough that {@code n} times them is exact. */
    public static final float LN2_HIGH = 0.6933594f;

    public static final float LN2_LOW = -2.1219444E-4f;
    public static final float P0 = 0.5f;
    public static final float P1 = 0.16666576f;
    public static final float P2 = 0.041666463f;
    public static final float P3 = 0.008363205f;
    public static final float P4 = 0.0013933687f;

    /** {@code 2 sqrt(2 / pi)}, of GELU's tanh form. */
    public static final float TANH_SLOPE = 1.5957692f;

    /** The cubic term of GELU's tanh form. */
    public static final float TANH_CUBE = 0.044715f;

    public static final float SQRT_HALF = 0.70710677f;

    /** {@code t = 1 / (1 + 0.4 z)}. */
    public static final float ERFC_SHRINK = 0.4f;

    /**
     * {@code e^(z^2) erfc(z) = t (E0 + E1 t + ..)} for {@code 0 <= z <= 6}, fitted at Chebyshev
     * points; relative error 4e-8.
     */
    public static final float E0 = 0.22540127f;

    public static final float E1 = 0.2299673f;
    public static final float E2 = 0.17923717f;
    public static final float E3 = 0.27420497f;
    public static final float E4 = -0.09543676f;
    public static final float E5 = 0.32455415f;
    public static final float E6 = -0.11063778f;
    public static final float E7 = -0.051019747f;
    public static final float E8 = 0.023729447f;

    private Exponential() {}

    /** {@code e^x}. */
    public static float exp(float x) {
        float clamped = Math.max(Math.min(x, HIGHEST), LOWEST);
        float rounded = Math.fma(clamped, LOG2_E, ROUND);
        float n = rounded - ROUND;
        float r = Math.fma(n, -LN2_LOW, Math.fma(n, -LN2_HIGH, clamped));
        float p = Math.fma(Math.fma(Math.fma(Math.fma(P4, r, P3), r, P2), r, P1), r, P0);
        float power = Math.fma(p, r * r, r) + 1f;
        float scale = Float.intBitsToFloat((Float.floatToRawIntBits(rounded) + 127) << 23);
        return x < LOWEST ? 0f : power * scale;
    }

    /** The activation of one number. */
    public static float activate(Activation f, float x) {
        return switch (f) {
            case SILU -> x / (1f + exp(-x));
            case GELU_TANH -> {
                float cubed = Math.fma(TANH_CUBE * x * x, x, x);
                yield x / (1f + exp(-TANH_SLOPE * cubed));
            }
            case GELU -> {
                float z = Math.abs(x) * SQRT_HALF;
                float t = 1f / Math.fma(ERFC_SHRINK, z, 1f);
                float tail = 0.5f * t * polynomial(t) * exp(-z * z);
                yield x * (x < 0 ? tail : 1f - tail);
            }
        };
    }

    private static float polynomial(float t) {
        float high = Math.fma(Math.fma(Math.fma(Math.fma(E8, t, E7), t, E6), t, E5), t, E4);
        return Math.fma(Math.fma(Math.fma(Math.fma(high, t, E3), t, E2), t, E1), t, E0);
    }
}
