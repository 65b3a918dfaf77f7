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

    /** {@code into += s * g}: the backward of {@link #add} and of {@link #scale}. */
    public static void accumulate(Processor processor, Tensor g, float s, Tensor into) {
        rows(
                processor,
                g,
                r -> {
                    float[] from = g.data();
                    float[] to = into.data();
                    int i = g.row(r);
                    int k = into.row(r);
                    for (int c = 0; c < g.cols(); c++) {
                        to[k + c] += s * from[i + c];
                    }
                });
    }

    /** The backward of {@link #multiply}: {@code da += dy * b}, {@code db += dy * a}. */
    public static void multiplyBackward(
            Processor processor, Tensor a, Tensor b, Tensor dy, Tensor da, Tensor db) {
        rows(
                processor,
                dy,
                r -> {
                    product(dy, b, da, r);
                    product(dy, a, db, r);
                });
    }

    private static void product(Tensor dy, Tensor x, Tensor into, int r) {
        float[] d = dy.data();
        float[] factor = x.data();
        float[] to = into.data();
        int i = dy.row(r);
        int j = x.row(r);
        int k = into.row(r);
        for (int c = 0; c < dy.cols(); c++) {
            to[k + c] += d[i + c] * factor[j + c];
        }
    }

    /** The backward of {@link #activate}: {@code dx += f'(x) * dy}. */
    public static void activateBackward(
            Processor processor, Activation f, Tensor x, Tensor dy, Tensor dx) {
        rows(
                processor,
                dy,
                r -> {
                    float[] slope = new float[x.cols()];
                    Slope.of(processor.kernels(), f, x.data(), x.row(r), slope);
                    float[] d = dy.data();
                    float[] to = dx.data();
                    int i = dy.row(r);
                    int k = dx.row(r);
                    for (int c = 0; c < slope.length; c++) {
                        to[k + c] += d[i + c] * slope[c];
                    }
                });
    }

    /**
     * Of each row as many groups of columns as {@code second[row]} has entries: {@code b}'s where
     * the entry is true, else {@code a}'s.
     */
    public static void choose(boolean[][] second, Tensor a, Tensor b, Tensor y) {
        for (int r = 0; r < y.rows(); r++) {
            int group = y.cols() / second[r].length;
            for (int g = 0; g < second[r].length; g++) {
                Tensor from = second[r][g] ? b : a;
                int c = g * group;
                System.arraycopy(from.data(), from.row(r) + c, y.data(), y.row(r) + c, group);
            }
        }
    }

    /** The backward of {@link #choose}: each gradient is added to the one that was chosen. */
    public static void chooseBackward(
            Processor processor, boolean[][] second, Tensor dy, Tensor da, Tensor db) {
        for (int r = 0; r < dy.rows(); r++) {
            int group = dy.cols() / second[r].length;
            for (int g = 0; g < second[r].length; g++) {
                Tensor into = second[r][g] ? db : da;
                accumulate(
                        processor,
                        dy.rows(r, 1).columns(g * group, group),
                        1,
                        into.rows(r, 1).columns(g * group, group));
            }
        }
    }

    /** {@code y[t] = x[rows[t]]}. */
    public static void gather(Tensor x, int[] rows, Tensor y) {
        for (int t = 0; t < rows.length; t++) {
            System.arraycopy(x.data(), x.row(rows[t]), y.data(), y.row(t), x.cols());
        }
    }

    /** The backward of {@link #gather}: each row is added to the one that it came from. */
    public static void gatherBackward(Processor processor, int[] rows, Tensor dy, Tensor dx) {
        for (int t = 0; t < rows.length; t++) {
            accumulate(processor, dy.rows(t, 1), 1, dx.rows(rows[t], 1));
        }
    }

    /** Adds the numbers of {@code row} from {@code from} on to every row of {@code y}. */
    static void addRow(Tensor y, float[] row, int from) {
        float[] out = y.data();
        for (int r = 0; r < y.rows(); r++) {
            int k = y.row(r);
            for (int c = 0; c < y.cols(); c++) {
                out[k + c] += row[from + c];
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
