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
                                processor.kernels(),
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
            Kernels kernels,
            Kind kind,
            float[] x,
            int from,
            float[] weight,
            float @Nullable [] bias,
            float eps,
            float[] y,
            int to) {
        int n = weight.length;
        float mean = kind == Kind.RMS ? 0f : kernels.sum(x, from, n) / n;
        float variance = kernels.squares(x, from, n, mean) / n;
        float factor = (float) (1 / Math.sqrt(variance + eps));
        kernels.normalize(x, from, mean, factor, weight, bias, y, to);
    }

    /** Rows whose contributions to the weight are added up together: the same on any machine. */
    private static final int TOGETHER = 32;

    /**
     * The backward of {@link #normalize}. With {@code h} the normalised numbers of a group and
     * {@code g = dy * weight}: {@code dx += factor * (g - mean(g) - h * mean(g * h))}, where the
     * mean of {@code g} counts as 0 for {@link Kind#RMS}; {@code dweight += dy * h} and {@code
     * dbias += dy}, over all rows and groups.
     *
     * @param dweight as long as the weight, or null if nobody asks for it
     * @param dbias as long as the weight, or null
     */
    public static void normalizeBackward(
            Processor processor,
            Kind kind,
            Tensor x,
            float[] weight,
            float eps,
            Tensor dy,
            Tensor dx,
            float @Nullable [] dweight,
            float @Nullable [] dbias) {
        int n = weight.length;
        Kernels kernels = processor.kernels();
        int parts = (x.rows() + TOGETHER - 1) / TOGETHER;
        float[][] sums = new float[parts][2 * n];
        processor
                .threads()
                .each(
                        parts,
                        1,
                        (worker, from, to) -> {
                            float[] h = new float[n];
                            for (int part = from; part < to; part++) {
                                int end = Math.min(x.rows(), (part + 1) * TOGETHER);
                                for (int r = part * TOGETHER; r < end; r++) {
                                    for (int c = 0; c < x.cols(); c += n) {
                                        float factor = normalized(kernels, kind, x, r, c, eps, h);
                                        share(kernels, dy, r, c, h, sums[part]);
                                        groupBackward(
                                                kernels, kind, h, factor, weight, dy, dx, r, c);
                                    }
                                }
                            }
                        });
        for (float[] sum : sums) {
            for (int i = 0; dweight != null && i < n; i++) {
                dweight[i] += sum[i];
            }
            for (int i = 0; dbias != null && i < n; i++) {
                dbias[i] += sum[n + i];
            }
        }
    }

    /** Fills {@code h} and gives the factor that the deviations were multiplied by. */
    private static float normalized(
            Kernels kernels, Kind kind, Tensor x, int r, int c, float eps, float[] h) {
        int n = h.length;
        int from = x.row(r) + c;
        float[] in = x.data();
        float mean = kind == Kind.RMS ? 0f : kernels.sum(in, from, n) / n;
        float variance = kernels.squares(in, from, n, mean) / n;
        float factor = (float) (1 / Math.sqrt(variance + eps));
        kernels.standardize(in, from, mean, factor, h);
        return factor;
    }

    private static void share(Kernels kernels, Tensor dy, int r, int c, float[] h, float[] sums) {
        int from = dy.row(r) + c;
        kernels.addProducts(dy.data(), from, h, 0, sums, 0, h.length);
        kernels.addScaled(1, dy.data(), from, sums, h.length, h.length);
    }

    private static void groupBackward(
            Kernels kernels,
            Kind kind,
            float[] h,
            float factor,
            float[] weight,
            Tensor dy,
            Tensor dx,
            int r,
            int c) {
        int n = h.length;
        float[] d = dy.data();
        int from = dy.row(r) + c;
        float sum = kind == Kind.RMS ? 0f : kernels.dot(d, from, weight, 0, n);
        float along = kernels.dot(d, from, weight, h, n);
        float mean = sum / n;
        float slope = along / n;
        int to = dx.row(r) + c;
        kernels.standardizeBackward(h, weight, factor, mean, slope, d, from, dx.data(), to);
    }
}
