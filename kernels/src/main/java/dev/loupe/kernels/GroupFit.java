package dev.loupe.kernels;

/**
 * Searches the scale, and offset, with which small integers come closest to a group of numbers.
 * Spreading the codes from the least to the largest number wastes precision on outliers; so several
 * grids, a little coarser and finer, are tried. Each rounds the numbers to codes; for given codes
 * the best scale and offset are a weighted linear regression; and the grid whose regression leaves
 * the least squared error wins. Large numbers weigh more, since they meet large activations more
 * often than chance. The grids tried are those of ggml, so that its quality is met.
 */
final class GroupFit {
    private static final float STEP = 0.1f;

    /** Below this a group counts as zeros. */
    private static final float NOTHING = 1e-15f;

    /**
     * A grid has to be better by more than rounding explains: where several are exact (all numbers
     * equal, say), the plain one survives the rounding of its scale best.
     */
    private static final double TIE = 1e-9;

    private float scale;
    private float offset;
    private float[] weights = new float[0];

    /** What {@link #affine} found. */
    float scale() {
        return scale;
    }

    /** What {@link #affine} found; zero or less, so that zero can always be expressed. */
    float offset() {
        return offset;
    }

    /**
     * Fits {@code scale * code + offset} with codes from 0 to {@code most}.
     *
     * @param first how much finer than {@code most} steps the first grid is; each further one is
     *     finer by a tenth of a step
     * @param steps how many further grids are tried
     */
    void affine(float[] x, int from, int n, int most, float first, int steps) {
        float low = 0;
        float high = x[from];
        for (int i = from; i < from + n; i++) {
            low = Math.min(low, x[i]);
            high = Math.max(high, x[i]);
        }
        offset = low;
        scale = 0;
        if (high - low < NOTHING) {
            return;
        }
        weigh(x, from, n);
        scale = (high - low) / most;
        double best = error(x, from, n, most, most / (high - low), low, false);
        for (int step = 0; step <= steps; step++) {
            float bestScale = scale;
            float bestOffset = offset;
            // a grid starts at the best offset so far, which may lie above the least number
            float inverse = (most + first + STEP * step) / (high - bestOffset);
            double error = error(x, from, n, most, inverse, bestOffset, true);
            if (error < best - TIE) {
                best = error;
            } else {
                scale = bestScale;
                offset = bestOffset;
            }
        }
    }

    /** Each number's magnitude, and as much again as the group's is on average. */
    private void weigh(float[] x, int from, int n) {
        float squares = 0;
        for (int i = from; i < from + n; i++) {
            squares += x[i] * x[i];
        }
        float average = (float) Math.sqrt(squares / n);
        if (weights.length < n) {
            weights = new float[n];
        }
        for (int i = 0; i < n; i++) {
            weights[i] = average + Math.abs(x[from + i]);
        }
    }

    /**
     * The weighted squared error, relative to the weighted squares, of the codes that a grid gives,
     * either with scale and offset as they are or with those that suit the codes best, which then
     * become the current ones.
     */
    private double error(
            float[] x, int from, int n, int most, float inverse, float low, boolean regress) {
        double w = 0;
        double wx = 0;
        double wxx = 0;
        double wc = 0;
        double wcc = 0;
        double wxc = 0;
        for (int i = 0; i < n; i++) {
            double number = x[from + i];
            int code = Blocks.code(inverse * (x[from + i] - low), 0, most);
            double weight = weights[i];
            double weighted = weight * number;
            w += weight;
            wx += weighted;
            wxx += weighted * number;
            wc += weight * code;
            wcc += weight * code * code;
            wxc += weighted * code;
        }
        if (regress) {
            double determinant = w * wcc - wc * wc;
            if (determinant <= 0) {
                return Double.POSITIVE_INFINITY;
            }
            double bestOffset = (wcc * wx - wc * wxc) / determinant;
            offset = (float) Math.min(0, bestOffset);
            scale = (float) (bestOffset > 0 ? wxc / wcc : (w * wxc - wx * wc) / determinant);
        }
        double squares =
                wxx
                        + scale * (double) scale * wcc
                        + offset * (double) offset * w
                        + 2 * (scale * (double) offset * wc - scale * wxc - offset * wx);
        return squares / wxx;
    }

    /**
     * Fits {@code scale * code} with codes from {@code -most} to {@code most - 1}; the weight of a
     * number is its square.
     *
     * @return the scale, negative where the number of largest magnitude is positive; 0 for a group
     *     of zeros
     */
    float symmetric(float[] x, int from, int n, int most) {
        float extreme = 0;
        for (int i = from; i < from + n; i++) {
            if (Math.abs(x[i]) > Math.abs(extreme)) {
                extreme = x[i];
            }
        }
        if (Math.abs(extreme) < NOTHING) {
            return 0;
        }
        double best = 0;
        double bestScale = 0;
        for (int i = 0; i < 19; i++) {
            // 0, -1, 1, -2, 2, ...: the plain grid first
            int step = i % 2 == 0 ? i / 2 : -(i + 1) / 2;
            float inverse = -(most + STEP * step) / extreme;
            double wxc = 0;
            double wcc = 0;
            for (int j = from; j < from + n; j++) {
                int code = Blocks.code(inverse * x[j], -most, most - 1);
                double weighted = (double) x[j] * x[j] * code;
                wxc += weighted * x[j];
                wcc += weighted * code;
            }
            // what the regression explains of the squares
            double explained = wcc > 0 ? wxc * wxc / wcc : 0;
            if (explained > best * (1 + TIE)) {
                best = explained;
                bestScale = wxc / wcc;
            }
        }
        return (float) bestScale;
    }
}
