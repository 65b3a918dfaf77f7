package dev.loupe.kernels;

/**
 * Columns of activations, twelve side by side, {@code [column / 12][row][12]}: so that a tile finds
 * what it needs next in one line of the cache, however far the rows are from each other. Nobody
 * reads columns that are missing in the last strip.
 *
 * @param rows how many rows there are: the steps of a sum
 */
public record Strips(float[] data, int rows, int cols) {
    /** Columns in a strip. */
    public static final int WIDTH = 12;

    /** How many numbers strips have. */
    static int size(int rows, int cols) {
        return (cols + WIDTH - 1) / WIDTH * WIDTH * rows;
    }

    /** The rows of a tensor, as columns. */
    static Strips ofRows(Tensor x, float[] room) {
        for (int r = 0; r < x.rows(); r += WIDTH) {
            spread(x, r, room, r * x.cols());
            spread(x, r + WIDTH / 2, room, r * x.cols() + WIDTH / 2);
        }
        return new Strips(room, /* rows= */ x.cols(), /* cols= */ x.rows());
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

    /** The columns of a tensor. */
    static Strips ofColumns(Kernels kernels, Tensor x, float[] room) {
        for (int c = 0; c < x.cols(); c += WIDTH) {
            kernels.strip(x.columns(c, Math.min(WIDTH, x.cols() - c)), room, c * x.rows());
        }
        return new Strips(room, x.rows(), x.cols());
    }
}
