package dev.loupe.inside;

import dev.loupe.kernels.Normalization;
import dev.loupe.model.Norm;

/** What a norm does to one vector, taken apart. */
final class Norms {
    private Norms() {}

    /** The mean that a norm subtracts: 0 for RMS norm. */
    static double mean(Norm norm, float[] x, int from) {
        int n = norm.weight().length;
        if (norm.kind() == Normalization.Kind.RMS) {
            return 0;
        }
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += x[from + i];
        }
        return sum / n;
    }

    /** What a norm divides by: the root of the mean square of what is left, with epsilon. */
    static double scale(Norm norm, float[] x, int from) {
        int n = norm.weight().length;
        double mean = mean(norm, x, from);
        double squares = 0;
        for (int i = 0; i < n; i++) {
            double d = x[from + i] - mean;
            squares += d * d;
        }
        return Math.sqrt(squares / n + norm.eps());
    }

    /**
     * A direction before the norm that has, at this scale, the product with {@code x} that {@code
     * direction} has with the norm of {@code x}, biases aside.
     */
    static double[] before(Norm norm, double scale, double[] direction) {
        double[] d = new double[direction.length];
        double sum = 0;
        for (int i = 0; i < d.length; i++) {
            d[i] = direction[i] * norm.weight()[i] / scale;
            sum += d[i];
        }
        if (norm.kind() != Normalization.Kind.RMS) {
            for (int i = 0; i < d.length; i++) {
                d[i] -= sum / d.length;
            }
        }
        return d;
    }
}
