package dev.loupe.kernels.vector;

import static dev.loupe.kernels.Weight.PANEL;
import static dev.loupe.kernels.vector.Lanes.F;
import static dev.loupe.kernels.vector.Lanes.L;
import static dev.loupe.kernels.vector.PanelProduct.MANY_REGISTERS;

import dev.loupe.kernels.Tensor;

import jdk.incubator.vector.FloatVector;

/**
 * Panels of floats times columns of activations: the gradients of weights. The tiles are those of
 * {@link PanelProduct}; what a tile's rows are multiplied by lies side by side here, one row of
 * activations for each step.
 */
final class TransposedProduct {
    private TransposedProduct() {}

    static void multiply(float[] panels, int from, int length, boolean add, Tensor x, Tensor y) {
        int c = 0;
        for (; c + 2 * L <= y.cols(); c += 2 * L) {
            int w0 = from + start(c, length);
            int w1 = from + start(c + L, length);
            int r = 0;
            for (; MANY_REGISTERS && r <= y.rows() - 12; r += 12) {
                tile12(panels, w0, w1, add, x, r, y, c);
            }
            for (; r <= y.rows() - 4; r += 4) {
                tile4(panels, w0, w1, add, x, r, y, c);
            }
            for (; r < y.rows(); r++) {
                single(panels, w0, add, x, r, y, c);
                single(panels, w1, add, x, r, y, c + L);
            }
        }
        for (; c < y.cols(); c += L) {
            int at = from + start(c, length);
            for (int r = 0; r < y.rows(); r++) {
                single(panels, at, add, x, r, y, c);
            }
        }
    }

    /** Where the panel of output {@code c} and its neighbours begins. */
    private static int start(int c, int length) {
        return c / PANEL * length * PANEL + c % PANEL;
    }

    /** One row and one vector, which need not be whole. */
    private static void single(float[] w, int from, boolean add, Tensor x, int r, Tensor y, int c) {
        int left = y.cols() - c;
        float[] in = x.data();
        FloatVector sum = add ? Lanes.load(y.data(), y.row(r) + c, left) : FloatVector.zero(F);
        int at = x.row(0) + r;
        for (int k = 0; k < x.rows(); k++, at += x.stride()) {
            FloatVector u = FloatVector.fromArray(F, w, from + k * PANEL);
            sum = FloatVector.broadcast(F, in[at]).fma(u, sum);
        }
        Lanes.store(sum, y.data(), y.row(r) + c, left);
    }

    private static void tile4(
            float[] w, int w0, int w1, boolean add, Tensor x, int r, Tensor y, int c) {
        float[] out = y.data();
        int y0 = y.row(r) + c;
        int y1 = y.row(r + 1) + c;
        int y2 = y.row(r + 2) + c;
        int y3 = y.row(r + 3) + c;
        FloatVector zero = FloatVector.zero(F);
        FloatVector a0 = add ? FloatVector.fromArray(F, out, y0) : zero;
        FloatVector a1 = add ? FloatVector.fromArray(F, out, y1) : zero;
        FloatVector a2 = add ? FloatVector.fromArray(F, out, y2) : zero;
        FloatVector a3 = add ? FloatVector.fromArray(F, out, y3) : zero;
        FloatVector b0 = add ? FloatVector.fromArray(F, out, y0 + L) : zero;
        FloatVector b1 = add ? FloatVector.fromArray(F, out, y1 + L) : zero;
        FloatVector b2 = add ? FloatVector.fromArray(F, out, y2 + L) : zero;
        FloatVector b3 = add ? FloatVector.fromArray(F, out, y3 + L) : zero;
        float[] in = x.data();
        int at = x.row(0) + r;
        for (int k = 0; k < x.rows(); k++, at += x.stride()) {
            FloatVector u = FloatVector.fromArray(F, w, w0 + k * PANEL);
            FloatVector v = FloatVector.fromArray(F, w, w1 + k * PANEL);
            FloatVector s = FloatVector.broadcast(F, in[at]);
            a0 = s.fma(u, a0);
            b0 = s.fma(v, b0);
            s = FloatVector.broadcast(F, in[at + 1]);
            a1 = s.fma(u, a1);
            b1 = s.fma(v, b1);
            s = FloatVector.broadcast(F, in[at + 2]);
            a2 = s.fma(u, a2);
            b2 = s.fma(v, b2);
            s = FloatVector.broadcast(F, in[at + 3]);
            a3 = s.fma(u, a3);
            b3 = s.fma(v, b3);
        }
        a0.intoArray(out, y0);
        a1.intoArray(out, y1);
        a2.intoArray(out, y2);
        a3.intoArray(out, y3);
        b0.intoArray(out, y0 + L);
        b1.intoArray(out, y1 + L);
        b2.intoArray(out, y2 + L);
        b3.intoArray(out, y3 + L);
    }

    private static void tile12(
            float[] w, int w0, int w1, boolean add, Tensor x, int r, Tensor y, int c) {
        float[] out = y.data();
        int y0 = y.row(r) + c;
        int y1 = y.row(r + 1) + c;
        int y2 = y.row(r + 2) + c;
        int y3 = y.row(r + 3) + c;
        int y4 = y.row(r + 4) + c;
        int y5 = y.row(r + 5) + c;
        int y6 = y.row(r + 6) + c;
        int y7 = y.row(r + 7) + c;
        int y8 = y.row(r + 8) + c;
        int y9 = y.row(r + 9) + c;
        int y10 = y.row(r + 10) + c;
        int y11 = y.row(r + 11) + c;
        FloatVector zero = FloatVector.zero(F);
        FloatVector a0 = add ? FloatVector.fromArray(F, out, y0) : zero;
        FloatVector a1 = add ? FloatVector.fromArray(F, out, y1) : zero;
        FloatVector a2 = add ? FloatVector.fromArray(F, out, y2) : zero;
        FloatVector a3 = add ? FloatVector.fromArray(F, out, y3) : zero;
        FloatVector a4 = add ? FloatVector.fromArray(F, out, y4) : zero;
        FloatVector a5 = add ? FloatVector.fromArray(F, out, y5) : zero;
        FloatVector a6 = add ? FloatVector.fromArray(F, out, y6) : zero;
        FloatVector a7 = add ? FloatVector.fromArray(F, out, y7) : zero;
        FloatVector a8 = add ? FloatVector.fromArray(F, out, y8) : zero;
        FloatVector a9 = add ? FloatVector.fromArray(F, out, y9) : zero;
        FloatVector a10 = add ? FloatVector.fromArray(F, out, y10) : zero;
        FloatVector a11 = add ? FloatVector.fromArray(F, out, y11) : zero;
        FloatVector b0 = add ? FloatVector.fromArray(F, out, y0 + L) : zero;
        FloatVector b1 = add ? FloatVector.fromArray(F, out, y1 + L) : zero;
        FloatVector b2 = add ? FloatVector.fromArray(F, out, y2 + L) : zero;
        FloatVector b3 = add ? FloatVector.fromArray(F, out, y3 + L) : zero;
        FloatVector b4 = add ? FloatVector.fromArray(F, out, y4 + L) : zero;
        FloatVector b5 = add ? FloatVector.fromArray(F, out, y5 + L) : zero;
        FloatVector b6 = add ? FloatVector.fromArray(F, out, y6 + L) : zero;
        FloatVector b7 = add ? FloatVector.fromArray(F, out, y7 + L) : zero;
        FloatVector b8 = add ? FloatVector.fromArray(F, out, y8 + L) : zero;
        FloatVector b9 = add ? FloatVector.fromArray(F, out, y9 + L) : zero;
        FloatVector b10 = add ? FloatVector.fromArray(F, out, y10 + L) : zero;
        FloatVector b11 = add ? FloatVector.fromArray(F, out, y11 + L) : zero;
        float[] in = x.data();
        int at = x.row(0) + r;
        for (int k = 0; k < x.rows(); k++, at += x.stride()) {
            FloatVector u = FloatVector.fromArray(F, w, w0 + k * PANEL);
            FloatVector v = FloatVector.fromArray(F, w, w1 + k * PANEL);
            FloatVector s = FloatVector.broadcast(F, in[at]);
            a0 = s.fma(u, a0);
            b0 = s.fma(v, b0);
            s = FloatVector.broadcast(F, in[at + 1]);
            a1 = s.fma(u, a1);
            b1 = s.fma(v, b1);
            s = FloatVector.broadcast(F, in[at + 2]);
            a2 = s.fma(u, a2);
            b2 = s.fma(v, b2);
            s = FloatVector.broadcast(F, in[at + 3]);
            a3 = s.fma(u, a3);
            b3 = s.fma(v, b3);
            s = FloatVector.broadcast(F, in[at + 4]);
            a4 = s.fma(u, a4);
            b4 = s.fma(v, b4);
            s = FloatVector.broadcast(F, in[at + 5]);
            a5 = s.fma(u, a5);
            b5 = s.fma(v, b5);
            s = FloatVector.broadcast(F, in[at + 6]);
            a6 = s.fma(u, a6);
            b6 = s.fma(v, b6);
            s = FloatVector.broadcast(F, in[at + 7]);
            a7 = s.fma(u, a7);
            b7 = s.fma(v, b7);
            s = FloatVector.broadcast(F, in[at + 8]);
            a8 = s.fma(u, a8);
            b8 = s.fma(v, b8);
            s = FloatVector.broadcast(F, in[at + 9]);
            a9 = s.fma(u, a9);
            b9 = s.fma(v, b9);
            s = FloatVector.broadcast(F, in[at + 10]);
            a10 = s.fma(u, a10);
            b10 = s.fma(v, b10);
            s = FloatVector.broadcast(F, in[at + 11]);
            a11 = s.fma(u, a11);
            b11 = s.fma(v, b11);
        }
        a0.intoArray(out, y0);
        a1.intoArray(out, y1);
        a2.intoArray(out, y2);
        a3.intoArray(out, y3);
        a4.intoArray(out, y4);
        a5.intoArray(out, y5);
        a6.intoArray(out, y6);
        a7.intoArray(out, y7);
        a8.intoArray(out, y8);
        a9.intoArray(out, y9);
        a10.intoArray(out, y10);
        a11.intoArray(out, y11);
        b0.intoArray(out, y0 + L);
        b1.intoArray(out, y1 + L);
        b2.intoArray(out, y2 + L);
        b3.intoArray(out, y3 + L);
        b4.intoArray(out, y4 + L);
        b5.intoArray(out, y5 + L);
        b6.intoArray(out, y6 + L);
        b7.intoArray(out, y7 + L);
        b8.intoArray(out, y8 + L);
        b9.intoArray(out, y9 + L);
        b10.intoArray(out, y10 + L);
        b11.intoArray(out, y11 + L);
    }
}
