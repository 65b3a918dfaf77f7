package dev.loupe.kernels;

import static dev.loupe.kernels.KeyValues.BLOCK;
import static dev.loupe.kernels.Weight.PANEL;

import java.util.Arrays;

/** Plain Java: what the vectors must equal, and what runs where there is no vector module. */
final class ScalarKernels implements Kernels {
    @Override
    public String name() {
        return "scalar";
    }

    @Override
    public void decode(Weight weight, int panel, float[] out, int offset) {
        float[] row = new float[weight.cols()];
        for (int lane = 0; lane < PANEL; lane++) {
            if (panel * PANEL + lane < weight.rows()) {
                weight.row(panel * PANEL + lane, row, 0);
            } else {
                Arrays.fill(row, 0f);
            }
            for (int k = 0; k < row.length; k++) {
                out[offset + k * PANEL + lane] = row[k];
            }
        }
    }

    @Override
    public void multiply(float[] panels, int from, boolean add, Tensor x, Tensor y) {
        for (int t = 0; t < x.rows(); t++) {
            for (int c = 0; c < y.cols(); c++) {
                int w = from + c / PANEL * x.cols() * PANEL + c % PANEL;
                float sum = add ? y.data()[y.row(t) + c] : 0;
                for (int k = 0; k < x.cols(); k++) {
                    sum = Math.fma(x.data()[x.row(t) + k], panels[w + k * PANEL], sum);
                }
                y.data()[y.row(t) + c] = sum;
            }
        }
    }

    @Override
    public void multiply(Weight weight, int from, int to, Activations x, float[] y, int offset) {
        for (int row = from * PANEL; row < Math.min(to * PANEL, weight.rows()); row++) {
            int panel = row / PANEL;
            int lane = row % PANEL;
            y[offset + row] =
                    switch (weight) {
                        case Weight.Floats w -> dot(w.data()[panel], lane, w.cols(), x.values());
                        case Weight.Halves w -> dot(w, panel, lane, x.values());
                        case Weight.Codes w -> dot(w, panel, lane, x);
                        case Weight.Stack w -> throw new IllegalArgumentException("a stack");
                    };
        }
    }

    private static float dot(float[] panel, int lane, int cols, float[] x) {
        float[] s = new float[4];
        int whole = cols / 4 * 4;
        for (int k = 0; k < cols; k++) {
            int chain = k < whole ? k % 4 : 0;
            s[chain] = Math.fma(panel[k * PANEL + lane], x[k], s[chain]);
        }
        return (s[0] + s[1]) + (s[2] + s[3]);
    }

    private static float dot(Weight.Halves w, int panel, int lane, float[] x) {
        float[] row = new float[w.cols() + 1];
        w.row(panel * PANEL + lane, row, 0);
        float[] s = new float[4];
        int pairs = (w.cols() + 1) / 2;
        for (int pair = 0; pair < pairs; pair++) {
            int chain = pair < pairs / 2 * 2 ? pair % 2 * 2 : 0;
            s[chain] = Math.fma(row[2 * pair], x[2 * pair], s[chain]);
            s[chain + 1] = Math.fma(row[2 * pair + 1], x[2 * pair + 1], s[chain + 1]);
        }
        return (s[0] + s[1]) + (s[2] + s[3]);
    }

    private static float dot(Weight.Codes w, int panel, int lane, Activations x) {
        float[] inverses = w.coding().inverses();
        float sum = 0;
        for (int group = 0; group < w.groups(); group++) {
            float even = x.starts()[group];
            float odd = 0;
            for (int k = group * w.groupSize(); k < (group + 1) * w.groupSize(); k += 2) {
                // a code where it stands: a power of two too large, as its input is too small
                float u =
                        w.coding().code(w.codes()[panel], lane, k) / inverses[k % inverses.length];
                even = Math.fma(u, x.values()[k], even);
                int next = k + 1;
                float v =
                        w.coding().code(w.codes()[panel], lane, next)
                                / inverses[next % inverses.length];
                odd = Math.fma(v, x.values()[next], odd);
            }
            sum = Math.fma(even + odd, w.scales().at(panel, group, lane), sum);
            if (w.offsets().present()) {
                sum = Math.fma(w.offsets().at(panel, group, lane), x.sums()[group], sum);
            }
        }
        return sum;
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
            for (int lane = 0; lane < 16; lane++) {
                lanes[row * 16 + lane] *= fix;
            }
            for (int j = 0; j < BLOCK; j++) {
                boolean visible = j >= from[row] && j < to[row];
                s[at + j] = visible ? Exponential.exp(s[at + j] - highest) : 0f;
                lanes[row * 16 + j % 16] += s[at + j];
            }
            for (int d = 0; d < softmax.sum().cols(); d++) {
                softmax.sum().data()[softmax.sum().row(row) + d] *= fix;
            }
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
