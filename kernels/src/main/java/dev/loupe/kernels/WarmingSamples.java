package dev.loupe.kernels;

import static dev.loupe.kernels.Weight.PANEL;

import dev.loupe.kernels.KernelWarming.Sample;

import java.util.Arrays;

/**
 * Small work that takes the same way through a kernel as what was asked for. Small, because the JIT
 * compiler counts: a method that was called 600 times is compiled after 15,000 turns of its loops,
 * one that was called less often after 40,000, and a turn takes some microseconds until then.
 */
final class WarmingSamples {
    /** A super-block of the K types, the longest there is. */
    private static final int COLUMNS = 256;

    private static final int SOME = 32;

    private WarmingSamples() {}

    static Sample decode(Weight weight, int panel) {
        Weight narrow = narrow(weight, panel);
        float[] out = new float[PANEL * narrow.cols()];
        return kernels -> kernels.decode(narrow, 0, out, 0);
    }

    /** The same number of rows to the next tile, and the same number of columns. */
    static Sample prompt(boolean add, Tensor x, Tensor y, int tile) {
        Tensor in = Tensor.of(Math.min(x.rows(), tile + 1), Math.min(x.cols(), SOME));
        int part = y.cols() % (2 * PANEL);
        Tensor out = Tensor.of(in.rows(), Math.min(y.cols(), 2 * PANEL + part));
        int panels = (out.cols() + PANEL - 1) / PANEL;
        float[] weights = new float[panels * PANEL * in.cols()];
        return kernels -> kernels.multiply(weights, 0, in.cols(), add, in, out);
    }

    /** Large tiles, small ones and single rows, with a vector left over. */
    static Sample transposed() {
        Tensor in = Tensor.of(SOME, 12 + 4 + 1);
        Tensor out = Tensor.of(in.cols(), 3 * PANEL);
        float[] weights = new float[out.cols() * in.rows()];
        return kernels -> kernels.multiplyTransposed(weights, 0, in.rows(), true, in, out);
    }

    /** A strip and a piece of one, with columns left over or without. */
    static Sample large(boolean add, Tensor y) {
        int rows = Strips.WIDTH + 1;
        Strips x = new Strips(new float[Strips.size(SOME, rows)], 0, SOME, rows);
        Tensor out = Tensor.of(rows, 2 * PANEL + y.cols() % (2 * PANEL));
        Panels weights = new Panels();
        weights.resize(4, SOME);
        return kernels -> kernels.multiply(weights, 0, 0, add, x, out);
    }

    static Sample gradient() {
        Panels dy = new Panels();
        dy.resize(3, SOME);
        Strips x = new Strips(new float[Strips.size(SOME, 12 + 1)], 0, SOME, 12 + 1);
        float[][] dw = new float[3][x.cols() * PANEL];
        return kernels -> kernels.accumulate(dy, 0, x, dw, 0);
    }

    static Sample pack() {
        Tensor x = Tensor.of(SOME, PANEL + 1);
        Panels out = new Panels();
        out.resize(2, SOME);
        return kernels -> {
            kernels.pack(x, 0, out, 0, 0);
            kernels.pack(x, PANEL, out, 1, 0);
        };
    }

    static Sample generated(Weight weight, int panel) {
        Weight narrow = narrow(weight, panel);
        Activations x = Activations.roomFor(narrow);
        float[] y = new float[narrow.rows()];
        return kernels -> kernels.multiply(narrow, 0, 2, x, y, 0);
    }

    static Sample together(Weight weight, int panel, int n) {
        Weight narrow = narrow(weight, panel);
        Activations[] tokens = new Activations[n];
        Arrays.setAll(tokens, i -> Activations.roomFor(narrow));
        Tensor y = Tensor.of(n, narrow.rows());
        return kernels -> kernels.multiplyTogether(narrow, 0, 2, tokens, y);
    }

    static Sample softmax(int cols) {
        Tensor scores = Tensor.of(2, KeyValues.BLOCK);
        int[] from = {0, 0};
        int[] to = {KeyValues.BLOCK, KeyValues.BLOCK / 2};
        RunningSoftmax sums = RunningSoftmax.of(2, cols);
        return kernels -> {
            // the first row meets a higher score at each step, the second at the first only
            sums.highest()[0] = -1f;
            kernels.softmaxStep(scores, from, to, sums);
        };
    }

    static Sample activate(Activation f) {
        float[] x = new float[SOME];
        return kernels -> kernels.activate(f, x, 0, x, 0, SOME);
    }

    static Sample slope(Activation f) {
        float[] x = new float[SOME];
        float[] y = new float[SOME];
        return kernels -> kernels.slope(f, x, 0, y, 0, SOME);
    }

    static Sample elementwise() {
        Tensor rows = Tensor.of(3, SOME);
        float[] x = new float[SOME];
        float[] y = new float[SOME];
        float[] z = new float[SOME];
        float[] strip = new float[Strips.WIDTH * rows.rows()];
        return kernels -> {
            kernels.addScaled(1, x, 0, y, 0, SOME);
            kernels.addProducts(x, 0, x, 0, y, 0, SOME);
            kernels.products(x, 0, x, 0, y, 0, SOME);
            kernels.strip(rows.columns(0, Strips.WIDTH), strip, 0);
            kernels.quotients(x, 0, 1, y, 0, SOME);
            kernels.addRows(rows, 0, y, 0, SOME);
            kernels.sum(x, 0, SOME);
            kernels.squares(x, 0, SOME, 0);
            kernels.dot(x, 0, y, 0, SOME);
            kernels.dot(x, 0, y, z, SOME);
            kernels.expOfDifference(x, 0, x, 0, y, 0, SOME);
            kernels.softmaxBackward(x, 0, x, 0, y, 0, SOME);
            kernels.normalize(x, 0, 0, 1, z, null, y, 0);
            kernels.normalize(x, 0, 0, 1, z, z, y, 0);
            kernels.standardize(x, 0, 0, 1, z);
            kernels.standardizeBackward(z, x, 1, 0, 0, x, 0, y, 0);
        };
    }

    static Sample exp() {
        float[] x = new float[SOME];
        float[] y = new float[SOME];
        return kernels -> kernels.exp(x, 0, y, 0, SOME);
    }

    /** The first columns of a panel of a weight, twice: two panels take turns. */
    private static Weight narrow(Weight weight, int panel) {
        int cols = Math.min(weight.cols(), COLUMNS);
        return switch (weight) {
            case Weight.Floats w -> {
                float[] data = Arrays.copyOf(w.data()[panel], cols * PANEL);
                yield new Weight.Floats(2 * PANEL, cols, new float[][] {data, data});
            }
            case Weight.Halves w -> {
                int[] data = Arrays.copyOf(w.data()[panel], (cols + 1) / 2 * PANEL);
                yield new Weight.Halves(2 * PANEL, cols, w.brain(), new int[][] {data, data});
            }
            case Weight.Codes w -> {
                int words = cols * w.coding().bits() / 32 * PANEL;
                int[] codes = Arrays.copyOf(w.codes()[panel], words);
                yield new Weight.Codes(
                        2 * PANEL,
                        cols,
                        w.coding(),
                        w.groupSize(),
                        w.zero(),
                        new int[][] {codes, codes},
                        w.scales().twice(panel, cols / w.groupSize()),
                        w.offsets().twice(panel, cols / w.groupSize()));
            }
            case Weight.Stack w -> throw new IllegalArgumentException("a stack");
        };
    }
}
