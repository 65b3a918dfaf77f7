package dev.loupe.kernels;

import org.jspecify.annotations.Nullable;

/** Layer normalisation and its relative without the mean. */
public final class Normalization {
    /** Which statistics are taken out. */
    public enum Kind {
        /** Mean and variance (Ba, Kiros and Hinton 2016, arXiv:1607.06450). */
        LAYER,
        /** The root of the mean square (Zhang and Sennrich 2019, arXiv:1910.07467). */
        RMS
    }

    private Normalization() {}

    /**
     * {@code y = (x - mean) / sqrt(variance + eps) * weight + bias}, over each group of {@code
     * weight.length} neighbouring columns; for {@link Kind#RMS} the mean counts as 0.
     *
     * @param x {@code [row, groups * weight.length]}
     * @param bias as long as the weight, or null
     */
    public static void normalize(
            Processor processor,
            Kind kind,
            Tensor x,
            float[] weight,
            float @Nullable [] bias,
            float eps,
            Tensor y) {
        int size = weight.length;
        Elementwise.rows(
                processor,
                y,
                r -> {
                    for (int c = 0; c < x.cols(); c += size) {
                        group(
                                kind,
                                x.data(),
                                x.row(r) + c,
                                weight,
                                bias,
                                eps,
                                y.data(),
                                y.row(r) + c);
                    }
                });
    }

    private static void group(
            Kind kind,
            float[] x,
            int from,
            float[] weight,
            float @Nullable [] bias,
            float eps,
            float[] y,
            int to) {
        int n = weight.length;
        float mean = kind == Kind.RMS ? 0f : Reduction.sum(x, from, n) / n;
        float variance = Reduction.squares(x, from, n, mean) / n;
        float factor = (float) (1 / Math.sqrt(variance + eps));
        for (int i = 0; i < n; i++) {
            y[to + i] = (x[from + i] - mean) * factor * weight[i];
        }
        if (bias != null) {
            for (int i = 0; i < n; i++) {
                y[to + i] += bias[i];
            }
        }
    }
}
