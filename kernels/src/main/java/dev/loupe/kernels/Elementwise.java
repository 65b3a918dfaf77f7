package dev.loupe.kernels;

import java.util.Arrays;

/** Operations on numbers in the same place. */
public final class Elementwise {
    /** Numbers in a part of the work: some microseconds. */
    private static final int PART = 16_384;

    private static final Room SLOPE = new Room();

    private Elementwise() {}

    /** {@code y = 0}. */
    public static void clear(Processor processor, Tensor y) {
        rows(processor, y, r -> Arrays.fill(y.data(), y.row(r), y.row(r) + y.cols(), 0f));
    }

    /** {@code y = a + b}. */
    public static void add(Processor processor, Tensor a, Tensor b, Tensor y) {
        rows(
                processor,
                y,
                r -> {
                    int k = y.row(r);
                    System.arraycopy(a.data(), a.row(r), y.data(), k, y.cols());
                    processor.kernels().addScaled(1, b.data(), b.row(r), y.data(), k, y.cols());
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
                    processor.kernels().products(a.data(), i, b.data(), j, y.data(), k, y.cols());
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

    /** {@code y = x}. */
    public static void copy(Processor processor, Tensor x, Tensor y) {
        rows(processor, y, r -> System.arraycopy(x.data(), x.row(r), y.data(), y.row(r), y.cols()));
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
                    int to = into.row(r);
                    processor.kernels().addScaled(s, g.data(), g.row(r), into.data(), to, g.cols());
                });
    }

    /** The backward of {@link #multiply}: {@code da += dy * b}, {@code db += dy * a}. */
    public static void multiplyBackward(
            Processor processor, Tensor a, Tensor b, Tensor dy, Tensor da, Tensor db) {
        rows(
                processor,
                dy,
                r -> {
                    addProducts(processor.kernels(), dy, b, da, r);
                    addProducts(processor.kernels(), dy, a, db, r);
                });
    }

    private static void addProducts(Kernels kernels, Tensor a, Tensor b, Tensor to, int r) {
        kernels.addProducts(
                a.data(), a.row(r), b.data(), b.row(r), to.data(), to.row(r), to.cols());
    }

    /**
     * The backward of {@link #activate}: {@code dx += f'(x) * dy}.
     *
     * @param add false to write over what is in {@code dx}
     */
    public static void activateBackward(
            Processor processor, Activation f, Tensor x, Tensor dy, Tensor dx, boolean add) {
        rows(
                processor,
                dy,
                r -> {
                    int n = x.cols();
                    float[] slope = SLOPE.of(n);
                    Kernels kernels = processor.kernels();
                    kernels.slope(f, x.data(), x.row(r), slope, 0, n);
                    int at = dy.row(r);
                    if (add) {
                        kernels.addProducts(dy.data(), at, slope, 0, dx.data(), dx.row(r), n);
                    } else {
                        kernels.products(dy.data(), at, slope, 0, dx.data(), dx.row(r), n);
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
    static void addRow(Kernels kernels, Tensor y, float[] row, int from) {
        for (int r = 0; r < y.rows(); r++) {
            kernels.addScaled(1, row, from, y.data(), y.row(r), y.cols());
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
