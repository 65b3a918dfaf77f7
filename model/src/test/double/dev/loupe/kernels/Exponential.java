package dev.loupe.kernels;

/**
 * Stands in for the class of the same name where all numbers are of double precision: its
 * polynomials are good to floats only, and finite differences would show their steps.
 */
public final class Exponential {
    private Exponential() {}

    /** {@code e^x}. */
    public static double exp(double x) {
        return Math.exp(x);
    }

    /** The activation of one number. */
    public static double activate(Activation f, double x) {
        return switch (f) {
            case SILU -> x / (1 + Math.exp(-x));
            case GELU_TANH -> {
                double inner = Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
                yield 0.5 * x * (1 + Math.tanh(inner));
            }
            case GELU -> x * below(x);
        };
    }

    /**
     * The probability that a normal variable is below {@code x}, from the series {@code 1/2 +
     * density (x + x^3/3 + x^5/15 ..)} (Marsaglia 2004).
     */
    private static double below(double x) {
        double term = x;
        double sum = x;
        for (int odd = 3; Math.abs(term) > 1e-18 * Math.abs(sum); odd += 2) {
            term *= x * x / odd;
            sum += term;
        }
        return 0.5 + sum * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
    }
}
