package dev.loupe.kernels;

import java.util.Arrays;

/**
 * Rows of attention over the keys so far (Milakov and Gimelshein 2018, arXiv:1805.02867). With
 * {@code m} the highest score of a row, its lanes add up to the sum of {@code e^(score - m)}, and
 * its sum is that of {@code e^(score - m) * value}; when a higher score turns up, both are scaled
 * down.
 *
 * @param highest of each row; at first the lowest float, and not minus infinity, so that a step
 *     that shows a row no key scales by {@code e^0 = 1}
 * @param lanes {@code [row, 16]}
 * @param sum {@code [row, numbers of a value]}, with zeros to a multiple of 16
 */
public record RunningSoftmax(float[] highest, float[] lanes, Tensor sum) {
    /** What is known before the first key. */
    public static RunningSoftmax of(int rows, int cols) {
        float[] highest = new float[rows];
        Arrays.fill(highest, -Float.MAX_VALUE);
        return new RunningSoftmax(highest, new float[rows * 16], Tensor.of(rows, cols));
    }

    /** Forgets what the first rows saw. */
    void clear(int rows) {
        Arrays.fill(highest, 0, rows, -Float.MAX_VALUE);
        Arrays.fill(lanes, 0, rows * 16, 0f);
        Arrays.fill(sum.data(), 0, rows * sum.stride(), 0f);
    }

    /** Notes a row's new highest score, and gives what its earlier weights are multiplied by. */
    public float raise(int row, float score) {
        float before = highest[row];
        highest[row] = score;
        // most blocks bring no higher score
        return score == before ? 1f : Exponential.exp(before - score);
    }

    /** Takes in other keys. */
    void merge(RunningSoftmax other) {
        for (int row = 0; row < highest.length; row++) {
            float both = Math.max(highest[row], other.highest[row]);
            float fix = Exponential.exp(highest[row] - both);
            float otherFix = Exponential.exp(other.highest[row] - both);
            merge(lanes, row * 16, fix, other.lanes, otherFix, 16);
            merge(sum.data(), sum.row(row), fix, other.sum.data(), otherFix, sum.cols());
            highest[row] = both;
        }
    }

    private static void merge(float[] x, int from, float fix, float[] y, float otherFix, int n) {
        for (int i = from; i < from + n; i++) {
            x[i] = x[i] * fix + y[i] * otherFix;
        }
    }

    /** The sum of a row's values, weighted by the softmax. */
    void result(Kernels kernels, int row, float[] z, int to, int n) {
        float total = Reduction.sum(Arrays.copyOfRange(lanes, row * 16, row * 16 + 16));
        kernels.quotients(sum.data(), sum.row(row), total, z, to, n);
    }
}
