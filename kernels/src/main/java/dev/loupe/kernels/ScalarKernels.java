package dev.loupe.kernels;

import static dev.loupe.kernels.KeyValues.BLOCK;
import static dev.loupe.kernels.Weight.PANEL;

import java.util.Arrays;

/**
 * Plain Java: what the vectors must equal, what runs where there is no vector module, and what runs
 * first where there is one ({@link WarmingKernels}).
 *
 * <p>Loops go over the 16 lanes of a panel innermost, and take several columns at once: 16 sums
 * that do not wait for each other keep a processor busy even before the JIT compiler has optimised
 * anything. What a loop does is short and a method of its own, so that compiled code is used from
 * the next call on.
 */
final class ScalarKernels implements Kernels {
    /** Rows of a prompt that are multiplied at a time. */
    private static final int ROWS = 2;

    @Override
    public String name() {
        return "scalar";
    }

    @Override
    public void decode(Weight weight, int panel, float[] out, int offset) {
        switch (weight) {
            case Weight.Floats w ->
                    System.arraycopy(w.data()[panel], 0, out, offset, w.cols() * PANEL);
            case Weight.Halves w -> {
                int[] pairs = w.data()[panel];
                for (int k = 0; k < w.cols(); k++) {
                    int shift = k % 2 * 16;
                    Scales.widen(w.brain(), pairs, k / 2 * PANEL, shift, out, offset + k * PANEL);
                }
            }
            case Weight.Codes w -> ScalarCodes.decode(w, panel, out, offset);
            case Weight.Stack w -> throw new IllegalArgumentException("a stack");
        }
    }

    @Override
    public void multiply(float[] panels, int from, int length, boolean add, Tensor x, Tensor y) {
        float[] sums = new float[ROWS * PANEL];
        for (int c = 0; c < y.cols(); c += PANEL) {
            int lanes = Math.min(PANEL, y.cols() - c);
            int at = from + c * length;
            for (int t = 0; t < x.rows(); t += ROWS) {
                int rows = Math.min(ROWS, x.rows() - t);
                Arrays.fill(sums, 0f);
                for (int i = 0; add && i < rows; i++) {
                    System.arraycopy(y.data(), y.row(t + i) + c, sums, i * PANEL, lanes);
                }
                if (rows == ROWS) {
                    twoChains(x, t, panels, at, sums);
                } else {
                    oneChain(x.data(), x.row(t), panels, at, x.cols(), sums);
                }
                for (int i = 0; i < rows; i++) {
                    System.arraycopy(sums, i * PANEL, y.data(), y.row(t + i) + c, lanes);
                }
            }
        }
    }

    /** {@link #oneChain} for each of two rows, which share what is read of the panel. */
    private static void twoChains(Tensor x, int t, float[] w, int at, float[] sums) {
        int k = 0;
        for (; k + 8 <= x.cols(); k += 8) {
            twoRows(x.data(), x.row(t) + k, x.row(t + 1) + k, w, at + k * PANEL, sums);
        }
        for (; k < x.cols(); k++) {
            step(x.data()[x.row(t) + k], w, at + k * PANEL, sums, 0);
            step(x.data()[x.row(t + 1) + k], w, at + k * PANEL, sums, PANEL);
        }
    }

    private static void twoRows(float[] x, int a, int b, float[] w, int at, float[] sums) {
        float a0 = x[a];
        float a1 = x[a + 1];
        float a2 = x[a + 2];
        float a3 = x[a + 3];
        float a4 = x[a + 4];
        float a5 = x[a + 5];
        float a6 = x[a + 6];
        float a7 = x[a + 7];
        float b0 = x[b];
        float b1 = x[b + 1];
        float b2 = x[b + 2];
        float b3 = x[b + 3];
        float b4 = x[b + 4];
        float b5 = x[b + 5];
        float b6 = x[b + 6];
        float b7 = x[b + 7];
        for (int i = 0; i < PANEL; i++) {
            float wide = w[at + i];
            float sumA = Math.fma(a0, wide, sums[i]);
            float sumB = Math.fma(b0, wide, sums[PANEL + i]);
            wide = w[at + PANEL + i];
            sumA = Math.fma(a1, wide, sumA);
            sumB = Math.fma(b1, wide, sumB);
            wide = w[at + 2 * PANEL + i];
            sumA = Math.fma(a2, wide, sumA);
            sumB = Math.fma(b2, wide, sumB);
            wide = w[at + 3 * PANEL + i];
            sumA = Math.fma(a3, wide, sumA);
            sumB = Math.fma(b3, wide, sumB);
            wide = w[at + 4 * PANEL + i];
            sumA = Math.fma(a4, wide, sumA);
            sumB = Math.fma(b4, wide, sumB);
            wide = w[at + 5 * PANEL + i];
            sumA = Math.fma(a5, wide, sumA);
            sumB = Math.fma(b5, wide, sumB);
            wide = w[at + 6 * PANEL + i];
            sumA = Math.fma(a6, wide, sumA);
            sumB = Math.fma(b6, wide, sumB);
            wide = w[at + 7 * PANEL + i];
            sums[i] = Math.fma(a7, wide, sumA);
            sums[PANEL + i] = Math.fma(b7, wide, sumB);
        }
    }

    @Override
    public void multiplyTransposed(
            float[] panels, int from, int length, boolean add, Tensor x, Tensor y) {
        float[] column = new float[x.rows()];
        float[] sums = new float[PANEL];
        for (int r = 0; r < y.rows(); r++) {
            for (int k = 0; k < column.length; k++) {
                column[k] = x.data()[x.row(k) + r];
            }
            for (int c = 0; c < y.cols(); c += PANEL) {
                int lanes = Math.min(PANEL, y.cols() - c);
                if (add) {
                    System.arraycopy(y.data(), y.row(r) + c, sums, 0, lanes);
                } else {
                    Arrays.fill(sums, 0f);
                }
                oneChain(column, 0, panels, from + c * length, column.length, sums);
                System.arraycopy(sums, 0, y.data(), y.row(r) + c, lanes);
            }
        }
    }

    @Override
    public void multiply(Panels w, int panel, int step, boolean add, Strips x, Tensor y) {
        float[] one = new float[x.rows() * PANEL];
        float[] column = new float[x.rows()];
        float[] sums = new float[PANEL];
        for (int c = 0; c < y.cols(); c += PANEL) {
            w.get(panel + c / PANEL, step, one, 0, x.rows());
            int lanes = Math.min(PANEL, y.cols() - c);
            for (int t = 0; t < y.rows(); t++) {
                column(x, t, column);
                Arrays.fill(sums, 0f);
                if (add) {
                    System.arraycopy(y.data(), y.row(t) + c, sums, 0, lanes);
                }
                oneChain(column, 0, one, 0, column.length, sums);
                System.arraycopy(sums, 0, y.data(), y.row(t) + c, lanes);
            }
        }
    }

    @Override
    public void accumulate(Panels dy, int panel, Strips x, float[][] dw, int input) {
        float[] one = new float[x.rows() * PANEL];
        float[] column = new float[x.rows()];
        float[] sums = new float[PANEL];
        for (int p = 0; p < dw.length; p++) {
            dy.get(panel + p, 0, one, 0, x.rows());
            for (int i = 0; i < x.cols(); i++) {
                column(x, i, column);
                int at = (input + i) * PANEL;
                System.arraycopy(dw[p], at, sums, 0, PANEL);
                oneChain(column, 0, one, 0, column.length, sums);
                System.arraycopy(sums, 0, dw[p], at, PANEL);
            }
        }
    }

    private static void column(Strips x, int i, float[] column) {
        int strip = i / Strips.WIDTH * Strips.WIDTH;
        int from = x.offset() + strip * x.rows() + i % Strips.WIDTH;
        for (int t = 0; t < column.length; t++) {
            column[t] = x.data()[from + t * Strips.WIDTH];
        }
    }

    /** Adds {@code x[k] * w[k][lane]} to each lane's sum, one k after the other. */
    private static void oneChain(float[] x, int xFrom, float[] w, int wFrom, int n, float[] sums) {
        int k = 0;
        for (; k + 8 <= n; k += 8) {
            eightSteps(x, xFrom + k, w, wFrom + k * PANEL, sums);
        }
        for (; k < n; k++) {
            step(x[xFrom + k], w, wFrom + k * PANEL, sums, 0);
        }
    }

    private static void eightSteps(float[] x, int k, float[] w, int at, float[] sums) {
        float x0 = x[k];
        float x1 = x[k + 1];
        float x2 = x[k + 2];
        float x3 = x[k + 3];
        float x4 = x[k + 4];
        float x5 = x[k + 5];
        float x6 = x[k + 6];
        float x7 = x[k + 7];
        for (int lane = 0; lane < PANEL; lane++) {
            float sum = Math.fma(x0, w[at + lane], sums[lane]);
            sum = Math.fma(x1, w[at + PANEL + lane], sum);
            sum = Math.fma(x2, w[at + 2 * PANEL + lane], sum);
            sum = Math.fma(x3, w[at + 3 * PANEL + lane], sum);
            sum = Math.fma(x4, w[at + 4 * PANEL + lane], sum);
            sum = Math.fma(x5, w[at + 5 * PANEL + lane], sum);
            sum = Math.fma(x6, w[at + 6 * PANEL + lane], sum);
            sums[lane] = Math.fma(x7, w[at + 7 * PANEL + lane], sum);
        }
    }

    /** Adds {@code x * w[lane]} to the sums of one chain. */
    private static void step(float x, float[] w, int at, float[] sums, int chain) {
        for (int lane = 0; lane < PANEL; lane++) {
            sums[chain + lane] = Math.fma(x, w[at + lane], sums[chain + lane]);
        }
    }

    @Override
    public void multiply(Weight weight, int from, int to, Activations x, float[] y, int offset) {
        float[] out = new float[PANEL];
        for (int panel = from; panel < to; panel++) {
            switch (weight) {
                case Weight.Floats w -> floats(w.data()[panel], w.cols(), x.values(), out);
                case Weight.Halves w -> halves(w, panel, x.values(), out);
                case Weight.Codes w -> ScalarCodes.multiply(w, panel, x, out);
                case Weight.Stack w -> throw new IllegalArgumentException("a stack");
            }
            int row = panel * PANEL;
            System.arraycopy(out, 0, y, offset + row, Math.min(PANEL, weight.rows() - row));
        }
    }

    /** Four chains, a column in each; what is left over goes to the first. */
    private static void floats(float[] w, int cols, float[] x, float[] out) {
        float[] sums = new float[4 * PANEL];
        int k = 0;
        for (; k + 4 <= cols; k += 4) {
            fourChains(x, k, w, k * PANEL, sums);
        }
        for (; k < cols; k++) {
            step(x[k], w, k * PANEL, sums, 0);
        }
        addUp(sums, out);
    }

    /** Four chains, a pair of columns in two; a pair that is left over goes to the first two. */
    private static void halves(Weight.Halves w, int panel, float[] x, float[] out) {
        int[] pairs = w.data()[panel];
        float[] sums = new float[4 * PANEL];
        float[] wide = new float[4 * PANEL];
        int columns = pairs.length / PANEL * 2;
        for (int k = 0; k < columns; k += 4) {
            int n = Math.min(4, columns - k);
            for (int i = 0; i < n; i++) {
                int at = (k + i) / 2 * PANEL;
                Scales.widen(w.brain(), pairs, at, i % 2 * 16, wide, i * PANEL);
            }
            if (n == 4) {
                fourChains(x, k, wide, 0, sums);
            } else {
                step(x[k], wide, 0, sums, 0);
                step(x[k + 1], wide, PANEL, sums, PANEL);
            }
        }
        addUp(sums, out);
    }

    private static void fourChains(float[] x, int k, float[] w, int at, float[] sums) {
        float x0 = x[k];
        float x1 = x[k + 1];
        float x2 = x[k + 2];
        float x3 = x[k + 3];
        for (int i = 0; i < PANEL; i++) {
            sums[i] = Math.fma(x0, w[at + i], sums[i]);
            sums[PANEL + i] = Math.fma(x1, w[at + PANEL + i], sums[PANEL + i]);
            sums[2 * PANEL + i] = Math.fma(x2, w[at + 2 * PANEL + i], sums[2 * PANEL + i]);
            sums[3 * PANEL + i] = Math.fma(x3, w[at + 3 * PANEL + i], sums[3 * PANEL + i]);
        }
    }

    private static void addUp(float[] sums, float[] out) {
        for (int i = 0; i < PANEL; i++) {
            out[i] = (sums[i] + sums[PANEL + i]) + (sums[2 * PANEL + i] + sums[3 * PANEL + i]);
        }
    }

    @Override
    public void softmaxStep(Tensor scores, int[] from, int[] to, RunningSoftmax softmax) {
        float[] s = scores.data();
        float[] lanes = softmax.lanes();
        for (int row = 0; row < scores.rows(); row++) {
            int at = scores.row(row);
            float highest = softmax.highest()[row];
            for (int j = from[row]; j < to[row]; j++) {
                highest = s[at + j] > highest ? s[at + j] : highest;
            }
            highest += 0f;
            float fix = softmax.raise(row, highest);
            scale(lanes, row * PANEL, PANEL, fix);
            for (int j = 0; j < BLOCK; j++) {
                boolean visible = j >= from[row] && j < to[row];
                s[at + j] = visible ? Exponential.exp(s[at + j] - highest) : 0f;
                lanes[row * PANEL + j % PANEL] += s[at + j];
            }
            scale(softmax.sum().data(), softmax.sum().row(row), softmax.sum().cols(), fix);
        }
    }

    private static void scale(float[] x, int from, int n, float factor) {
        for (int i = from; i < from + n; i++) {
            x[i] *= factor;
        }
    }

    @Override
    public void activate(Activation f, float[] x, int xOffset, float[] y, int yOffset, int n) {
        for (int i = 0; i < n; i++) {
            y[yOffset + i] = Exponential.activate(f, x[xOffset + i]);
        }
    }

    @Override
    public void exp(float[] x, int xOffset, float[] y, int yOffset, int n) {
        for (int i = 0; i < n; i++) {
            y[yOffset + i] = Exponential.exp(x[xOffset + i]);
        }
    }
}
