package dev.loupe.kernels;

import java.util.Arrays;

/**
 * Columns of activations, twelve side by side, {@code [column / 12][row][12]}: so that a tile finds
 * what it needs next in one line of the cache, however far the rows are from each other. Nobody
 * reads columns that are missing in the last strip.
 *
 * @param offset where the first strip begins
 * @param rows how many rows there are: the steps of a sum
 */
public record Strips(float[] data, int offset, int rows, int cols) {
    /** Columns in a strip. */
    public static final int WIDTH = 12;

    /** How many numbers strips have. */
    static int size(int rows, int cols) {
        return (cols + WIDTH - 1) / WIDTH * WIDTH * rows;
    }

    /**
     * The rows of a tensor, as columns.
     *
     * @param one whether a step more follows, a 1 in each column: what it is multiplied by is added
     */
    static Strips ofRows(Tensor x, boolean one, float[] room) {
        int steps = x.cols() + (one ? 1 : 0);
        for (int r = 0; r < x.rows(); r += WIDTH) {
            spread(x, r, room, r * steps);
            spread(x, r + WIDTH / 2, room, r * steps + WIDTH / 2);
            if (one) {
                int end = (r + WIDTH) * steps;
                Arrays.fill(room, end - WIDTH, end, 1f);
            }
        }
        return new Strips(room, 0, steps, /* cols= */ x.rows());
    }

    /**
     * Half a strip: so many rows as there are registers for where each is. The last row stands in
     * for those that are missing.
     */
    private static void spread(Tensor x, int row, float[] y, int to) {
        int last = x.rows() - 1;
        float[] in = x.data();
        int x0 = x.row(Math.min(row, last));
        int x1 = x.row(Math.min(row + 1, last));
        int x2 = x.row(Math.min(row + 2, last));
        int x3 = x.row(Math.min(row + 3, last));
        int x4 = x.row(Math.min(row + 4, last));
        int x5 = x.row(Math.min(row + 5, last));
        for (int k = 0; k < x.cols(); k++) {
            int at = to + k * WIDTH;
            y[at] = in[x0 + k];
            y[at + 1] = in[x1 + k];
            y[at + 2] = in[x2 + k];
            y[at + 3] = in[x3 + k];
            y[at + 4] = in[x4 + k];
            y[at + 5] = in[x5 + k];
        }
    }

    /** Some neighbouring columns; the first is one that a strip begins with. */
    Strips columns(int from, int n) {
        return new Strips(data, offset + from * rows, rows, n);
    }

    /** The columns of a tensor from {@code offset} on, to be filled a strip at a time. */
    static Strips ofColumns(Tensor x, float[] room, int offset) {
        return new Strips(room, offset, x.rows(), x.cols());
    }

    /** Copies the columns {@code [from, to)} of a tensor to where they belong. */
    void fill(Kernels kernels, Tensor x, int from, int to) {
        for (int c = from; c < to; c += WIDTH) {
            Tensor some = x.columns(c, Math.min(WIDTH, cols - c));
            kernels.strip(some, data, offset + c * rows);
        }
    }
}
