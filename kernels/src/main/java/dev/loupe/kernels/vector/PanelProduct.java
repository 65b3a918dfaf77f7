package dev.loupe.kernels.vector;

import static dev.loupe.kernels.Weight.PANEL;
import static dev.loupe.kernels.vector.Lanes.F;
import static dev.loupe.kernels.vector.Lanes.L;

import dev.loupe.kernels.Tensor;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;

import java.util.Arrays;

/**
 * Panels of floats times rows of activations, a tile of the result at a time: some rows by two
 * vectors. The sums of a tile stay in registers while k runs; each vector of weights that is loaded
 * serves all rows, and each activation both vectors.
 *
 * <p>How many rows depends on how many registers there are. Twelve need 24 for sums, two for
 * weights and one for the activation, and come close to what the processor can multiply; four need
 * 11, and fit the 16 registers of a processor without AVX-512. There larger tiles spill: 6 x 2 and
 * 4 x 3 ran at half the speed.
 */
final class PanelProduct {
    /** Only the 512-bit vectors of x86 say that there are 32 registers. */
    static final boolean MANY_REGISTERS = F.vectorShape() == VectorShape.S_512_BIT;

    private PanelProduct() {}

    static void multiply(float[] panels, int from, int length, boolean add, Tensor x, Tensor y) {
        int t = 0;
        for (; MANY_REGISTERS && t <= x.rows() - 12; t += 12) {
            strip(panels, from, length, add, x, t, 12, y);
        }
        for (; t < x.rows(); t += 4) {
            strip(panels, from, length, add, x, t, Math.min(4, x.rows() - t), y);
        }
    }

    /** The tiles of some rows, side by side: the rows stay in the nearest cache. */
    private static void strip(
            float[] panels,
            int from,
            int length,
            boolean add,
            Tensor x,
            int t,
            int rows,
            Tensor y) {
        if (!add) {
            // here and not for all rows before: the tiles find them in the nearest cache
            for (int r = t; r < t + rows; r++) {
                Arrays.fill(y.data(), y.row(r), y.row(r) + y.cols(), 0f);
            }
        }
        for (int c = 0; c < y.cols(); c += 2 * L) {
            int w0 = from + start(c, length);
            int w1 = from + start(c + L, length);
            if (rows == 12 && c + 2 * L <= y.cols()) {
                tile12(panels, w0, w1, x, t, y, c);
            } else {
                for (int r = t; r < t + rows; r += 4) {
                    four(panels, w0, w1, x, r, y, c);
                }
            }
        }
    }

    private static void four(float[] w, int w0, int w1, Tensor x, int t, Tensor y, int c) {
        if (c + 2 * L <= y.cols()) {
            tile4(w, w0, w1, x, t, y, c);
        } else {
            single(w, w0, x, t, y, c);
            if (c + L < y.cols()) {
                single(w, w1, x, t, y, c + L);
            }
        }
    }

    /** Where the weights of output {@code c} and its neighbours begin. */
    private static int start(int c, int length) {
        return c / PANEL * length * PANEL + c % PANEL;
    }

    /** {@link #tile4} with one vector, which need not be whole. */
    private static void single(float[] w, int at, Tensor x, int t, Tensor y, int c) {
        int last = x.rows() - 1;
        int t1 = Math.min(t + 1, last);
        int t2 = Math.min(t + 2, last);
        int t3 = Math.min(t + 3, last);
        float[] in = x.data();
        int x0 = x.row(t);
        int x1 = x.row(t1);
        int x2 = x.row(t2);
        int x3 = x.row(t3);
        float[] out = y.data();
        int left = y.cols() - c;
        FloatVector a0 = Lanes.load(out, y.row(t) + c, left);
        FloatVector a1 = Lanes.load(out, y.row(t1) + c, left);
        FloatVector a2 = Lanes.load(out, y.row(t2) + c, left);
        FloatVector a3 = Lanes.load(out, y.row(t3) + c, left);
        for (int k = 0; k < x.cols(); k++) {
            FloatVector u = FloatVector.fromArray(F, w, at + k * PANEL);
            a0 = FloatVector.broadcast(F, in[x0 + k]).fma(u, a0);
            a1 = FloatVector.broadcast(F, in[x1 + k]).fma(u, a1);
            a2 = FloatVector.broadcast(F, in[x2 + k]).fma(u, a2);
            a3 = FloatVector.broadcast(F, in[x3 + k]).fma(u, a3);
        }
        Lanes.store(a0, out, y.row(t) + c, left);
        Lanes.store(a1, out, y.row(t1) + c, left);
        Lanes.store(a2, out, y.row(t2) + c, left);
        Lanes.store(a3, out, y.row(t3) + c, left);
    }

    /** Four rows; fewer at the end, where the last one is computed more than once. */
    private static void tile4(float[] w, int w0, int w1, Tensor x, int t, Tensor y, int c) {
        int last = x.rows() - 1;
        int t1 = Math.min(t + 1, last);
        int t2 = Math.min(t + 2, last);
        int t3 = Math.min(t + 3, last);
        float[] in = x.data();
        int x0 = x.row(t);
        int x1 = x.row(t1);
        int x2 = x.row(t2);
        int x3 = x.row(t3);
        float[] out = y.data();
        int y0 = y.row(t) + c;
        int y1 = y.row(t1) + c;
        int y2 = y.row(t2) + c;
        int y3 = y.row(t3) + c;
        FloatVector a0 = FloatVector.fromArray(F, out, y0);
        FloatVector a1 = FloatVector.fromArray(F, out, y1);
        FloatVector a2 = FloatVector.fromArray(F, out, y2);
        FloatVector a3 = FloatVector.fromArray(F, out, y3);
        FloatVector b0 = FloatVector.fromArray(F, out, y0 + L);
        FloatVector b1 = FloatVector.fromArray(F, out, y1 + L);
        FloatVector b2 = FloatVector.fromArray(F, out, y2 + L);
        FloatVector b3 = FloatVector.fromArray(F, out, y3 + L);
        for (int k = 0; k < x.cols(); k++) {
            FloatVector u = FloatVector.fromArray(F, w, w0 + k * PANEL);
            FloatVector v = FloatVector.fromArray(F, w, w1 + k * PANEL);
            FloatVector s = FloatVector.broadcast(F, in[x0 + k]);
            a0 = s.fma(u, a0);
            b0 = s.fma(v, b0);
            s = FloatVector.broadcast(F, in[x1 + k]);
            a1 = s.fma(u, a1);
            b1 = s.fma(v, b1);
            s = FloatVector.broadcast(F, in[x2 + k]);
            a2 = s.fma(u, a2);
            b2 = s.fma(v, b2);
            s = FloatVector.broadcast(F, in[x3 + k]);
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

    /**
     * {@link #tile4} with twelve rows, all of them there. Loads and stores that check how much is
     * left are too much for a method as large as this: the JIT gives up on inlining the last of
     * them, and each call makes an object of its vector.
     */
    private static void tile12(float[] w, int w0, int w1, Tensor x, int t, Tensor y, int c) {
        float[] in = x.data();
        int x0 = x.row(t);
        int x1 = x.row(t + 1);
        int x2 = x.row(t + 2);
        int x3 = x.row(t + 3);
        int x4 = x.row(t + 4);
        int x5 = x.row(t + 5);
        int x6 = x.row(t + 6);
        int x7 = x.row(t + 7);
        int x8 = x.row(t + 8);
        int x9 = x.row(t + 9);
        int x10 = x.row(t + 10);
        int x11 = x.row(t + 11);
        float[] out = y.data();
        int y0 = y.row(t) + c;
        int y1 = y.row(t + 1) + c;
        int y2 = y.row(t + 2) + c;
        int y3 = y.row(t + 3) + c;
        int y4 = y.row(t + 4) + c;
        int y5 = y.row(t + 5) + c;
        int y6 = y.row(t + 6) + c;
        int y7 = y.row(t + 7) + c;
        int y8 = y.row(t + 8) + c;
        int y9 = y.row(t + 9) + c;
        int y10 = y.row(t + 10) + c;
        int y11 = y.row(t + 11) + c;
        FloatVector a0 = FloatVector.fromArray(F, out, y0);
        FloatVector a1 = FloatVector.fromArray(F, out, y1);
        FloatVector a2 = FloatVector.fromArray(F, out, y2);
        FloatVector a3 = FloatVector.fromArray(F, out, y3);
        FloatVector a4 = FloatVector.fromArray(F, out, y4);
        FloatVector a5 = FloatVector.fromArray(F, out, y5);
        FloatVector a6 = FloatVector.fromArray(F, out, y6);
        FloatVector a7 = FloatVector.fromArray(F, out, y7);
        FloatVector a8 = FloatVector.fromArray(F, out, y8);
        FloatVector a9 = FloatVector.fromArray(F, out, y9);
        FloatVector a10 = FloatVector.fromArray(F, out, y10);
        FloatVector a11 = FloatVector.fromArray(F, out, y11);
        FloatVector b0 = FloatVector.fromArray(F, out, y0 + L);
        FloatVector b1 = FloatVector.fromArray(F, out, y1 + L);
        FloatVector b2 = FloatVector.fromArray(F, out, y2 + L);
        FloatVector b3 = FloatVector.fromArray(F, out, y3 + L);
        FloatVector b4 = FloatVector.fromArray(F, out, y4 + L);
        FloatVector b5 = FloatVector.fromArray(F, out, y5 + L);
        FloatVector b6 = FloatVector.fromArray(F, out, y6 + L);
        FloatVector b7 = FloatVector.fromArray(F, out, y7 + L);
        FloatVector b8 = FloatVector.fromArray(F, out, y8 + L);
        FloatVector b9 = FloatVector.fromArray(F, out, y9 + L);
        FloatVector b10 = FloatVector.fromArray(F, out, y10 + L);
        FloatVector b11 = FloatVector.fromArray(F, out, y11 + L);
        for (int k = 0; k < x.cols(); k++) {
            FloatVector u = FloatVector.fromArray(F, w, w0 + k * PANEL);
            FloatVector v = FloatVector.fromArray(F, w, w1 + k * PANEL);
            FloatVector s = FloatVector.broadcast(F, in[x0 + k]);
            a0 = s.fma(u, a0);
            b0 = s.fma(v, b0);
            s = FloatVector.broadcast(F, in[x1 + k]);
            a1 = s.fma(u, a1);
            b1 = s.fma(v, b1);
            s = FloatVector.broadcast(F, in[x2 + k]);
            a2 = s.fma(u, a2);
            b2 = s.fma(v, b2);
            s = FloatVector.broadcast(F, in[x3 + k]);
            a3 = s.fma(u, a3);
            b3 = s.fma(v, b3);
            s = FloatVector.broadcast(F, in[x4 + k]);
            a4 = s.fma(u, a4);
            b4 = s.fma(v, b4);
            s = FloatVector.broadcast(F, in[x5 + k]);
            a5 = s.fma(u, a5);
            b5 = s.fma(v, b5);
            s = FloatVector.broadcast(F, in[x6 + k]);
            a6 = s.fma(u, a6);
            b6 = s.fma(v, b6);
            s = FloatVector.broadcast(F, in[x7 + k]);
            a7 = s.fma(u, a7);
            b7 = s.fma(v, b7);
            s = FloatVector.broadcast(F, in[x8 + k]);
            a8 = s.fma(u, a8);
            b8 = s.fma(v, b8);
            s = FloatVector.broadcast(F, in[x9 + k]);
            a9 = s.fma(u, a9);
            b9 = s.fma(v, b9);
            s = FloatVector.broadcast(F, in[x10 + k]);
            a10 = s.fma(u, a10);
            b10 = s.fma(v, b10);
            s = FloatVector.broadcast(F, in[x11 + k]);
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
