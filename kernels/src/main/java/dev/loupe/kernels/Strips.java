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
            int n = Math.min(WIDTH, x.rows() - r);
            for (int i = 0; i < WIDTH; i++) {
                spread(x.data(), x.row(r + Math.min(i, n - 1)), x.cols(), room, r * x.cols() + i);
            }
        }
        return new Strips(room, /* rows= */ x.cols(), /* cols= */ x.rows());
    }

    private static void spread(float[] x, int from, int n, float[] y, int to) {
        for (int k = 0; k < n; k++) {
            y[to + k * WIDTH] = x[from + k];
        }
    }

    /** The columns of a tensor. */
    static Strips ofColumns(Tensor x, float[] room) {
        for (int c = 0; c < x.cols(); c += WIDTH) {
            int n = Math.min(WIDTH, x.cols() - c);
            int to = c * x.rows();
            for (int r = 0; r < x.rows(); r++, to += WIDTH) {
                int from = x.row(r) + c;
                if (n == WIDTH) {
                    copy(x.data(), from, room, to);
                } else {
                    for (int i = 0; i < WIDTH; i++) {
                        room[to + i] = i < n ? x.data()[from + i] : 0;
                    }
                }
            }
        }
        return new Strips(room, x.rows(), x.cols());
    }

    /** Twelve numbers: too few for a loop or a call. */
    private static void copy(float[] x, int from, float[] y, int to) {
        y[to] = x[from];
        y[to + 1] = x[from + 1];
        y[to + 2] = x[from + 2];
        y[to + 3] = x[from + 3];
        y[to + 4] = x[from + 4];
        y[to + 5] = x[from + 5];
        y[to + 6] = x[from + 6];
        y[to + 7] = x[from + 7];
        y[to + 8] = x[from + 8];
        y[to + 9] = x[from + 9];
        y[to + 10] = x[from + 10];
        y[to + 11] = x[from + 11];
    }
}
