package dev.loupe.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The exponential and the activations against double precision. */
class ExponentialTest {
    /** Every 503rd float: eight million of them, of all sizes. */
    private static final int STEP = 503;

    @Test
    void theExponentialIsExactToTwoInTenMillion() {
        double worst = 0;
        for (int bits = 0; bits < Float.floatToIntBits(88f); bits += STEP) {
            float x = Float.intBitsToFloat(bits);
            worst = Math.max(worst, Math.abs(Exponential.exp(x) / Math.exp(x) - 1));
            if (x <= 87) {
                worst = Math.max(worst, Math.abs(Exponential.exp(-x) / Math.exp(-x) - 1));
            }
        }
        assertThat(worst).isBetween(1e-8, 2e-7);
    }

    @Test
    void theExponentialEndsInZeroInfinityAndNaN() {
        assertThat(Exponential.exp(0f)).isEqualTo(1f);
        assertThat(Exponential.exp(Math.nextDown(-87f))).isZero();
        assertThat(Exponential.exp(Float.NEGATIVE_INFINITY)).isZero();
        assertThat(Exponential.exp(-87f)).isPositive();
        assertThat(Exponential.exp(89f)).isInfinite();
        assertThat(Exponential.exp(Float.POSITIVE_INFINITY)).isInfinite();
        assertThat(Exponential.exp(Float.NaN)).isNaN();
    }

    /**
     * Everywhere within 2e-7 of the larger of 1 and the input, and close in relation to the result
     * too. That bound is wider for the GELUs because of their far tails: there the square of the
     * input, or its cube, is rounded before it is exponentiated, and results are below 1e-20.
     */
    @ParameterizedTest
    @EnumSource
    void activationsAreCloseToDoublePrecision(Activation f) {
        double bound = f == Activation.SILU ? 5e-7 : 2e-5;
        double worst = 0;
        double absolute = 0;
        float where = 0;
        for (int bits = 0; bits < Float.floatToIntBits(1e4f); bits += STEP) {
            for (float x = Float.intBitsToFloat(bits); ; x = -x) {
                double expected = reference(f, x);
                double error = Math.abs(Exponential.activate(f, x) - expected);
                absolute = Math.max(absolute, error / Math.max(1, Math.abs(x)));
                double relative = error / (Math.abs(expected) + 1e-30);
                if (!(relative <= worst)) {
                    worst = relative;
                    where = x;
                }
                if (Float.floatToRawIntBits(x) <= 0) {
                    break;
                }
            }
        }
        assertThat(absolute).as("%s, absolute", f).isLessThan(2e-7);
        assertThat(worst).as("%s, worst at %s", f, where).isBetween(1e-8, bound);
    }

    private static double reference(Activation f, double x) {
        return switch (f) {
            case SILU -> x / (1 + Math.exp(-x));
            case GELU -> x * (x < 0 ? upperTail(-x) : 1 - upperTail(x));
            case GELU_TANH -> {
                double inner = Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
                // 1 + tanh without the cancellation of a negative argument
                yield x / (1 + Math.exp(-2 * inner));
            }
        };
    }

    /**
     * The probability that a normal variable exceeds {@code x >= 0}: near zero by its power series,
     * far out by Laplace's continued fraction.
     */
    private static double upperTail(double x) {
        double density = Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
        if (x < 2.5) {
            double term = x;
            double sum = x;
            for (int n = 3; n < 120; n += 2) {
                term *= x * x / n;
                sum += term;
            }
            return 0.5 - density * sum;
        }
        double fraction = x;
        for (int n = 400; n > 0; n--) {
            fraction = x + n / fraction;
        }
        return density / fraction;
    }

    @ParameterizedTest
    @EnumSource
    void activationsKeepZeroAndLargeNumbers(Activation f) {
        assertThat(Exponential.activate(f, 0f)).isZero();
        assertThat(Exponential.activate(f, 1e10f)).isEqualTo(1e10f);
        assertThat(Exponential.activate(f, -1e10f)).isZero();
        assertThat(Exponential.activate(f, 1e-30f)).isEqualTo(5e-31f);
        assertThat(Exponential.activate(f, Float.NaN)).isNaN();
    }
}
