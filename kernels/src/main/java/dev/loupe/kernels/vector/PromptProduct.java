package dev.loupe.kernels.vector;

import static dev.loupe.kernels.Weight.PANEL;
import static dev.loupe.kernels.vector.Lanes.F;
import static dev.loupe.kernels.vector.Lanes.L;

import dev.loupe.kernels.Tensor;

import jdk.incubator.vector.FloatVector;

/**
 * Decoded panels times prompt tokens, four tokens by two vectors at a time: eight sums stay in
 * registers, and each vector of weights that is loaded serves four tokens. Larger blocks spill on
 * processors with sixteen vector registers (6 x 2 and 4 x 3 ran at half the speed).
 */
final class PromptProduct {
    private PromptProduct() {}

    static void multiply(float[] panels, Tensor x, Tensor y) {
        int columns = (y.cols() + L - 1) / L * L;
        for (int c = 0; c < columns; c += 2 * L) {
            int w0 = start(c, x.cols());
            // an odd vector at the end is computed twice and stored once
            int w1 = c + L < columns ? start(c + L, x.cols()) : w0;
            for (int t = 0; t < x.rows(); t += 4) {
                tile(panels, w0, w1, x, t, y, c);
            }
        }
    }

    /** Where the weights of output {@code c} and its neighbours begin. */
    private static int start(int c, int cols) {
        return c / PANEL * cols * PANEL + c % PANEL;
    }

    private static void tile(float[] w, int w0, int w1, Tensor x, int t, Tensor y, int c) {
        int last = x.rows() - 1;
        int t1 = Math.min(t + 1, last);
        int t2 = Math.min(t + 2, last);
        int t3 = Math.min(t + 3, last);
        float[] in = x.data();
        int x0 = x.row(t);
        int x1 = x.row(t1);
        int x2 = x.row(t2);
        int x3 = x.row(t3);
        FloatVector a0 = FloatVector.zero(F);
        FloatVector a1 = a0;
        FloatVector a2 = a0;
        FloatVector a3 = a0;
        FloatVector b0 = a0;
        FloatVector b1 = a0;
        FloatVector b2 = a0;
        FloatVector b3 = a0;
        for (int k = 0; k < x.cols(); k++) {
            FloatVector u = FloatVector.fromArray(F, w, w0 + k * PANEL);
            FloatVector v = FloatVector.fromArray(F, w, w1 + k * PANEL);
            FloatVector s0 = FloatVector.broadcast(F, in[x0 + k]);
            a0 = s0.fma(u, a0);
            b0 = s0.fma(v, b0);
            FloatVector s1 = FloatVector.broadcast(F, in[x1 + k]);
            a1 = s1.fma(u, a1);
            b1 = s1.fma(v, b1);
            FloatVector s2 = FloatVector.broadcast(F, in[x2 + k]);
            a2 = s2.fma(u, a2);
            b2 = s2.fma(v, b2);
            FloatVector s3 = FloatVector.broadcast(F, in[x3 + k]);
            a3 = s3.fma(u, a3);
            b3 = s3.fma(v, b3);
        }
        float[] out = y.data();
        int left = y.cols() - c;
        Lanes.store(a0, out, y.row(t) + c, left);
        Lanes.store(b0, out, y.row(t) + c + L, left - L);
        Lanes.store(a1, out, y.row(t1) + c, left);
        Lanes.store(b1, out, y.row(t1) + c + L, left - L);
        Lanes.store(a2, out, y.row(t2) + c, left);
        Lanes.store(b2, out, y.row(t2) + c + L, left - L);
        Lanes.store(a3, out, y.row(t3) + c, left);
        Lanes.store(b3, out, y.row(t3) + c + L, left - L);
    }
}
