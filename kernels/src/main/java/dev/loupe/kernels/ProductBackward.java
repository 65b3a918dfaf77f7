package dev.loupe.kernels;

import static dev.loupe.kernels.Weight.PANEL;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;

/**
 * The backward of {@link Product#multiply}: of {@code y = x W^T + b} follow {@code dx = dy W},
 * {@code dW = dy^T x} and {@code db}, the sum of the rows of {@code dy}. Each is a product of
 * panels too; only what is packed in panels differs.
 *
 * <p>Every sum runs over its rows in one order, so that bits do not depend on the threads.
 */
public final class ProductBackward {
    /** How many rows are packed at a time for a gradient of weights. */
    private static final int ROWS = 1024;

    /** How many rows of some panels are packed at a time. */
    private static final int TOGETHER = 32;

    /** Strips of a group have so many sums' worth of numbers: 1 MB of them stay near. */
    private static final int NEAR = (1 << 18) / Strips.WIDTH;

    private static final Room ROOM = new Room();

    private ProductBackward() {}

    /**
     * {@code dx = dy W}, or {@code dx += dy W}. The weight may have any type.
     *
     * @param dy {@code [token, w.rows()]}
     * @param dx {@code [token, w.cols()]}
     * @param add false to write over what is in {@code dx}
     */
    public static void inputs(Processor processor, Tensor dy, Weight w, Tensor dx, boolean add) {
        if (w instanceof Weight.Stack stack) {
            int row = 0;
            for (Weight part : stack.parts()) {
                inputs(processor, dy.columns(row, part.rows()), part, dx, add || row > 0);
                row += part.rows();
            }
            return;
        }
        int together = LargeProducts.together(padded(w.cols()), w.panels());
        for (int panel = 0; panel < w.panels(); panel += together) {
            int row = panel * PANEL;
            int panels = Math.min(together, w.panels() - panel);
            int rows = Math.min(panels * PANEL, w.rows() - row);
            Panels turned = LargeProducts.panels(padded(w.cols()) / PANEL, rows);
            turn(processor, w, panel, rows, turned);
            LargeProducts.multiply(
                    processor, turned, add || panel > 0, dy.columns(row, rows), false, dx);
        }
    }

    private static int padded(int n) {
        return (n + PANEL - 1) / PANEL * PANEL;
    }

    /**
     * Some rows of a weight as panels of columns, {@code [column / 16][row][16]}.
     *
     * @param first the panel of the first row
     */
    private static void turn(Processor processor, Weight w, int first, int rows, Panels out) {
        int cols = w.cols();
        int panels = (rows + PANEL - 1) / PANEL;
        processor
                .threads()
                .each(
                        panels,
                        processor.grain(panels, 8),
                        (worker, from, to) -> {
                            float[] block = new float[PANEL * PANEL];
                            for (int p = from; p < to; p++) {
                                float[] panel =
                                        LargeProducts.floats(processor.kernels(), w, first + p);
                                int lanes = Math.min(PANEL, rows - p * PANEL);
                                for (int c = 0; c < cols; c += PANEL) {
                                    int n = Math.min(PANEL, cols - c);
                                    turnBlock(panel, c * PANEL, n, lanes, block);
                                    out.put(c / PANEL, p * PANEL, block, 0, lanes);
                                }
                            }
                        });
    }

    /** Turns {@code n} columns of a panel; columns that are missing become zeros. */
    private static void turnBlock(float[] panel, int from, int n, int lanes, float[] out) {
        for (int lane = 0; lane < lanes; lane++) {
            for (int k = 0; k < PANEL; k++) {
                out[lane * PANEL + k] = k < n ? panel[from + k * PANEL + lane] : 0;
            }
        }
    }

    /**
     * {@code dw += dy^T x}, and {@code db += } the sum of the rows of {@code dy}.
     *
     * @param x {@code [token, inputs]}
     * @param dy {@code [token, outputs]}
     * @param dw as {@link Weight.Floats} has its numbers, {@code [outputs / 16][inputs * 16]}
     * @param db {@code [outputs]}, or null if nobody asks for it
     */
    public static void weights(
            Processor processor, Tensor x, Tensor dy, float[][] dw, float @Nullable [] db) {
        for (int t = 0; t < x.rows(); t += ROWS) {
            int rows = Math.min(ROWS, x.rows() - t);
            int together = LargeProducts.together(rows, dw.length);
            for (int first = 0; first < dw.length; first += together) {
                int last = Math.min(first + together, dw.length);
                int col = first * PANEL;
                Tensor some =
                        dy.rows(t, rows).columns(col, Math.min(last * PANEL, dy.cols()) - col);
                float[][] into = Arrays.copyOfRange(dw, first, last);
                some(processor, x.rows(t, rows), some, into, db, col);
            }
        }
    }

    /**
     * Panels of {@code dy} and strips of {@code x} serve all threads; a part takes two panels and
     * the strips of a group, which stay in a thread's own cache for the next panels.
     *
     * @param output what {@code dy}'s first column is in {@code db}
     */
    private static void some(
            Processor processor,
            Tensor x,
            Tensor dy,
            float[][] dw,
            float @Nullable [] db,
            int output) {
        int steps = Math.min(processor.kernels().blocking().steps(), x.rows());
        int blocks = (x.rows() + steps - 1) / steps;
        Panels packed = LargeProducts.panels(blocks * dw.length, steps);
        processor
                .threads()
                .each(
                        dw.length,
                        processor.grain(dw.length, 8),
                        (worker, from, to) -> {
                            for (int i = 0; i < blocks; i++) {
                                Tensor block = block(dy, i, steps);
                                pack(processor.kernels(), block, from, to, packed, i * dw.length);
                                if (db != null) {
                                    int c = from * PANEL;
                                    int n = Math.min(to * PANEL, dy.cols()) - c;
                                    processor.kernels().addRows(block, c, db, output + c, n);
                                }
                            }
                        });
        int most = LargeProducts.READY / (blocks * steps) / Strips.WIDTH * Strips.WIDTH;
        for (int col = 0; col < x.cols(); col += most) {
            Tensor inputs = x.columns(col, Math.min(most, x.cols() - col));
            accumulate(processor, packed, strips(processor, inputs, steps), dw, col);
        }
    }

    /**
     * @param input which column of a gradient the first strip belongs to
     */
    private static void accumulate(
            Processor processor, Panels dy, Strips[] x, float[][] dw, int input) {
        int cols = x[0].cols();
        int tiles = (cols + Strips.WIDTH - 1) / Strips.WIDTH;
        int pairs = (dw.length + 1) / 2;
        int least = (processor.parts() + pairs - 1) / pairs;
        int groups = Math.clamp(Math.max(least, tiles * x[0].rows() / NEAR), 1, tiles);
        processor
                .threads()
                .each(
                        groups * pairs,
                        Math.max(1, pairs / 4),
                        (worker, from, to) -> {
                            for (int i = from; i < to; i++) {
                                int first = Threads.start(tiles, i / pairs, groups) * Strips.WIDTH;
                                int end =
                                        Threads.start(tiles, i / pairs + 1, groups) * Strips.WIDTH;
                                int n = Math.min(end, cols) - first;
                                int panel = i % pairs * 2;
                                int last = Math.min(panel + 2, dw.length);
                                float[][] pair = Arrays.copyOfRange(dw, panel, last);
                                for (int block = 0; block < x.length; block++) {
                                    int at = block * dw.length + panel;
                                    Strips some = x[block].columns(first, n);
                                    processor
                                            .kernels()
                                            .accumulate(dy, at, some, pair, input + first);
                                }
                            }
                        });
    }

    /** The columns of some steps at a time, for all threads. */
    private static Strips[] strips(Processor processor, Tensor x, int steps) {
        int blocks = (x.rows() + steps - 1) / steps;
        int size = Strips.size(steps, x.cols());
        float[] room = ROOM.of(Math.multiplyExact(blocks, size));
        Strips[] strips = new Strips[blocks];
        for (int b = 0; b < blocks; b++) {
            strips[b] = Strips.ofColumns(block(x, b, steps), room, b * size);
        }
        int each = (x.cols() + Strips.WIDTH - 1) / Strips.WIDTH;
        processor
                .threads()
                .each(
                        each,
                        processor.grain(each, 8),
                        (worker, from, to) -> {
                            int end = Math.min(to * Strips.WIDTH, x.cols());
                            for (int b = 0; b < blocks; b++) {
                                Tensor some = block(x, b, steps);
                                strips[b].fill(processor.kernels(), some, from * Strips.WIDTH, end);
                            }
                        });
        return strips;
    }

    /** Neighbouring panels, some rows at a time: so a row's lines and page are there for all. */
    private static void pack(Kernels kernels, Tensor x, int from, int to, Panels out, int first) {
        for (int r = 0; r < x.rows(); r += TOGETHER) {
            Tensor rows = x.rows(r, Math.min(TOGETHER, x.rows() - r));
            for (int p = from; p < to; p++) {
                kernels.pack(rows, p * PANEL, out, first + p, r);
            }
        }
    }

    /** Some steps of a sum. */
    private static Tensor block(Tensor x, int block, int steps) {
        int from = block * steps;
        return x.rows(from, Math.min(steps, x.rows() - from));
    }

    /** The columns from {@code col} on as a panel, {@code [row][16]}. */
    static void pack(Tensor x, int col, float[] out, int at) {
        int n = Math.min(PANEL, x.cols() - col);
        for (int r = 0; r < x.rows(); r++) {
            int to = at + r * PANEL;
            System.arraycopy(x.data(), x.row(r) + col, out, to, n);
            for (int lane = n; lane < PANEL; lane++) {
                out[to + lane] = 0;
            }
        }
    }

    /** {@code db += } the sum of all rows of {@code dy}. */
    public static void bias(Processor processor, Tensor dy, float[] db) {
        processor
                .threads()
                .each(
                        db.length,
                        64,
                        (worker, from, to) ->
                                processor.kernels().addRows(dy, from, db, from, to - from));
    }
}
