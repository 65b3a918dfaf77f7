package dev.loupe.kernels;

/** Operations on numbers in the same place. */
public final class Elementwise {
    /** Numbers in a part of the work: some microseconds. */
    private static final int PART = 16_384;

    private Elementwise() {}

    /** {@code y = a + b}. */
    public static void add(Processor processor, Tensor a, Tensor b, Tensor y) {
        rows(
                processor,
                y,
                r -> {
                    int i = a.row(r);
                    int j = b.row(r);
                    int k = y.row(r);
                    for (int c = 0; c < y.cols(); c++) {
                        y.data()[k + c] = a.data()[i + c] + b.data()[j + c];
                    }
                });
    }

    /** {@code y = a * b}. */
    public static void multiply(Processor processor, Tensor a, Tensor b, Tensor y) {
        rows(
                processor,
                y,
                r -> {
                    int i = a.row(r);
                    int j = b.row(r);
                    int k = y.row(r);
                    for (int c = 0; c < y.cols(); c++) {
                        y.data()[k + c] = a.data()[i + c] * b.data()[j + c];
                    }
                });
    }

    /** {@code y = s * x}. */
    public static void scale(Processor processor, Tensor x, float s, Tensor y) {
        rows(
                processor,
                y,
                r -> {
                    int i = x.row(r);
                    int k = y.row(r);
                    for (int c = 0; c < y.cols(); c++) {
                        y.data()[k + c] = s * x.data()[i + c];
                    }
                });
    }

    /** {@code y = f(x)}. */
    public static void activate(Processor processor, Activation f, Tensor x, Tensor y) {
        rows(
                processor,
                y,
                r ->
                        processor
                                .kernels()
                                .activate(f, x.data(), x.row(r), y.data(), y.row(r), y.cols()));
    }

    /** Adds {@code row} to every row of {@code y}. */
    static void addRow(Tensor y, float[] row) {
        for (int r = 0; r < y.rows(); r++) {
            int k = y.row(r);
            for (int c = 0; c < y.cols(); c++) {
                y.data()[k + c] += row[c];
            }
        }
    }

    @FunctionalInterface
    interface Row {
        void run(int row);
    }

    /** Runs a row at a time, on as many threads as the work is worth. */
    static void rows(Processor processor, Tensor y, Row body) {
        int grain = Math.max(1, PART / Math.max(1, y.cols()));
        processor
                .threads()
                .each(
                        y.rows(),
                        grain,
                        (worker, from, to) -> {
                            for (int r = from; r < to; r++) {
                                body.run(r);
                            }
                        });
    }
}
