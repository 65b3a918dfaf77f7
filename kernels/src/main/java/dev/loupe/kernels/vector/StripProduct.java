package dev.loupe.kernels.vector;

import static dev.loupe.kernels.Strips.WIDTH;
import static dev.loupe.kernels.Weight.PANEL;
import static dev.loupe.kernels.vector.Lanes.F;
import static dev.loupe.kernels.vector.Lanes.L;
import static dev.loupe.kernels.vector.Lanes.ORDER;
import static dev.loupe.kernels.vector.PanelProduct.MANY_REGISTERS;

import dev.loupe.kernels.Panels;
import dev.loupe.kernels.Strips;
import dev.loupe.kernels.Tensor;

import jdk.incubator.vector.FloatVector;

import java.lang.foreign.MemorySegment;

/**
 * {@link Panels} times {@link Strips}, for products of many rows and for gradients of weights. A
 * tile is twelve rows of the result by two vectors, as in {@link PanelProduct}, or four where there
 * are few registers; but all that it needs comes from two streams: vectors that lie in one line of
 * the cache each, and twelve numbers side by side. Two panels stay in the nearest cache while the
 * strips pass by.
 */
final class StripProduct {
    /** Bytes from one step of a panel to the next. */
    private static final int ROW = 4 * PANEL;

    private StripProduct() {}

    static void pack(Tensor x, int col, Panels out, int panel, int step) {
        int n = x.cols() - col;
        long at = out.at(panel, step);
        for (int r = 0; r < x.rows(); r++) {
            int from = x.row(r) + col;
            for (int lane = 0; lane < PANEL; lane += L) {
                FloatVector v = Lanes.load(x.data(), from + lane, n - lane);
                v.intoMemorySegment(out.data(), at + 4L * lane, ORDER);
            }
            at += ROW;
        }
    }

    /** Twelve columns: three vectors of four, which every machine has. */
    static void strip(Tensor x, float[] out, int at) {
        float[] in = x.data();
        for (int r = 0; r < x.rows(); r++) {
            int from = x.row(r);
            int to = at + WIDTH * r;
            FloatVector a = FloatVector.fromArray(FloatVector.SPECIES_128, in, from);
            FloatVector b = FloatVector.fromArray(FloatVector.SPECIES_128, in, from + 4);
            FloatVector c = FloatVector.fromArray(FloatVector.SPECIES_128, in, from + 8);
            a.intoArray(out, to);
            b.intoArray(out, to + 4);
            c.intoArray(out, to + 8);
        }
    }

    static void multiply(Panels w, int panel, int step, boolean add, Strips x, Tensor y) {
        float[] edge = y.cols() % (2 * L) == 0 ? new float[0] : new float[WIDTH * 2 * L];
        for (int c = 0; c < y.cols(); c += 2 * L) {
            long w0 = start(w, panel, step, c);
            long w1 = c + L < y.cols() ? start(w, panel, step, c + L) : w0;
            boolean whole = c + 2 * L <= y.cols();
            for (int t = 0; t < y.rows(); t += WIDTH) {
                int at = y.row(t) + c;
                if (whole) {
                    float[] out = y.data();
                    tiles(w, w0, w1, x, t, add, out, at, out, at + L, y.stride());
                } else {
                    int rows = Math.min(WIDTH, y.rows() - t);
                    copy(y.data(), at, y.stride(), edge, 0, 2 * L, rows, y.cols() - c);
                    tiles(w, w0, w1, x, t, add, edge, 0, edge, L, 2 * L);
                    copy(edge, 0, 2 * L, y.data(), at, y.stride(), rows, y.cols() - c);
                }
            }
        }
    }

    private static void copy(
            float[] from, int at, int stride, float[] to, int toAt, int toStride, int rows, int n) {
        for (int r = 0; r < rows; r++) {
            System.arraycopy(from, at + r * stride, to, toAt + r * toStride, n);
        }
    }

    static void accumulate(Panels dy, int panel, Strips x, float[][] dw, int input) {
        for (int c = 0; c < dw.length * PANEL; c += 2 * L) {
            // a panel alone at the end is computed twice
            int d = c + L < dw.length * PANEL ? c + L : c;
            long w0 = start(dy, panel, 0, c);
            long w1 = start(dy, panel, 0, d);
            for (int i = 0; i < x.cols(); i += WIDTH) {
                int at = (input + i) * PANEL;
                float[] a = dw[c / PANEL];
                float[] b = dw[d / PANEL];
                tiles(dy, w0, w1, x, i, true, a, at + c % PANEL, b, at + d % PANEL, PANEL);
            }
        }
    }

    /** Where output {@code c} behind a panel begins. */
    private static long start(Panels w, int panel, int step, int c) {
        return w.at(panel + c / PANEL, step) + 4L * (c % PANEL);
    }

    /** The rows of a strip. */
    private static void tiles(
            Panels w,
            long w0,
            long w1,
            Strips x,
            int column,
            boolean add,
            float[] ya,
            int a,
            float[] yb,
            int b,
            int stride) {
        int cols = Math.min(WIDTH, x.cols() - column);
        int from = x.offset() + column * x.rows();
        if (MANY_REGISTERS) {
            tile12(w.data(), w0, w1, x.rows(), x.data(), from, cols - 1, add, ya, a, yb, b, stride);
            return;
        }
        for (int j = 0; j < cols; j += 4) {
            int last = Math.min(4, cols - j) - 1;
            int row = j * stride;
            tile4(
                    w.data(), w0, x.rows(), x.data(), from + j, last, add, ya, a + row, yb, b + row,
                    stride);
        }
    }

    /**
     * Four rows; where there are fewer, those that are missing are stored in place of the last, and
     * it is stored after them. Where this is used the second vector lies behind the first: with one
     * address for both there are fewer instructions, which is what bounds this loop.
     */
    private static void tile4(
            MemorySegment w,
            long w0,
            int n,
            float[] in,
            int x,
            int last,
            boolean add,
            float[] ya,
            int a,
            float[] yb,
            int b,
            int yStride) {
        int y0 = Math.min(0, last) * yStride;
        int y1 = Math.min(1, last) * yStride;
        int y2 = Math.min(2, last) * yStride;
        int y3 = Math.min(3, last) * yStride;
        FloatVector zero = FloatVector.zero(F);
        FloatVector a0 = add ? FloatVector.fromArray(F, ya, a + y0) : zero;
        FloatVector a1 = add ? FloatVector.fromArray(F, ya, a + y1) : zero;
        FloatVector a2 = add ? FloatVector.fromArray(F, ya, a + y2) : zero;
        FloatVector a3 = add ? FloatVector.fromArray(F, ya, a + y3) : zero;
        FloatVector b0 = add ? FloatVector.fromArray(F, yb, b + y0) : zero;
        FloatVector b1 = add ? FloatVector.fromArray(F, yb, b + y1) : zero;
        FloatVector b2 = add ? FloatVector.fromArray(F, yb, b + y2) : zero;
        FloatVector b3 = add ? FloatVector.fromArray(F, yb, b + y3) : zero;
        for (int k = 0; k < n; k++) {
            long at = w0 + (long) ROW * k;
            FloatVector u = FloatVector.fromMemorySegment(F, w, at, ORDER);
            FloatVector v = FloatVector.fromMemorySegment(F, w, at + 4L * L, ORDER);
            int i = x + WIDTH * k;
            FloatVector s = FloatVector.broadcast(F, in[i]);
            a0 = s.fma(u, a0);
            b0 = s.fma(v, b0);
            s = FloatVector.broadcast(F, in[i + 1]);
            a1 = s.fma(u, a1);
            b1 = s.fma(v, b1);
            s = FloatVector.broadcast(F, in[i + 2]);
            a2 = s.fma(u, a2);
            b2 = s.fma(v, b2);
            s = FloatVector.broadcast(F, in[i + 3]);
            a3 = s.fma(u, a3);
            b3 = s.fma(v, b3);
        }
        a3.intoArray(ya, a + y3);
        b3.intoArray(yb, b + y3);
        a2.intoArray(ya, a + y2);
        b2.intoArray(yb, b + y2);
        a1.intoArray(ya, a + y1);
        b1.intoArray(yb, b + y1);
        a0.intoArray(ya, a + y0);
        b0.intoArray(yb, b + y0);
    }

    /** {@link #tile4} with twelve rows. */
    private static void tile12(
            MemorySegment w,
            long w0,
            long w1,
            int n,
            float[] in,
            int x,
            int last,
            boolean add,
            float[] ya,
            int a,
            float[] yb,
            int b,
            int yStride) {
        int y0 = Math.min(0, last) * yStride;
        int y1 = Math.min(1, last) * yStride;
        int y2 = Math.min(2, last) * yStride;
        int y3 = Math.min(3, last) * yStride;
        int y4 = Math.min(4, last) * yStride;
        int y5 = Math.min(5, last) * yStride;
        int y6 = Math.min(6, last) * yStride;
        int y7 = Math.min(7, last) * yStride;
        int y8 = Math.min(8, last) * yStride;
        int y9 = Math.min(9, last) * yStride;
        int y10 = Math.min(10, last) * yStride;
        int y11 = Math.min(11, last) * yStride;
        FloatVector zero = FloatVector.zero(F);
        FloatVector a0 = add ? FloatVector.fromArray(F, ya, a + y0) : zero;
        FloatVector a1 = add ? FloatVector.fromArray(F, ya, a + y1) : zero;
        FloatVector a2 = add ? FloatVector.fromArray(F, ya, a + y2) : zero;
        FloatVector a3 = add ? FloatVector.fromArray(F, ya, a + y3) : zero;
        FloatVector a4 = add ? FloatVector.fromArray(F, ya, a + y4) : zero;
        FloatVector a5 = add ? FloatVector.fromArray(F, ya, a + y5) : zero;
        FloatVector a6 = add ? FloatVector.fromArray(F, ya, a + y6) : zero;
        FloatVector a7 = add ? FloatVector.fromArray(F, ya, a + y7) : zero;
        FloatVector a8 = add ? FloatVector.fromArray(F, ya, a + y8) : zero;
        FloatVector a9 = add ? FloatVector.fromArray(F, ya, a + y9) : zero;
        FloatVector a10 = add ? FloatVector.fromArray(F, ya, a + y10) : zero;
        FloatVector a11 = add ? FloatVector.fromArray(F, ya, a + y11) : zero;
        FloatVector b0 = add ? FloatVector.fromArray(F, yb, b + y0) : zero;
        FloatVector b1 = add ? FloatVector.fromArray(F, yb, b + y1) : zero;
        FloatVector b2 = add ? FloatVector.fromArray(F, yb, b + y2) : zero;
        FloatVector b3 = add ? FloatVector.fromArray(F, yb, b + y3) : zero;
        FloatVector b4 = add ? FloatVector.fromArray(F, yb, b + y4) : zero;
        FloatVector b5 = add ? FloatVector.fromArray(F, yb, b + y5) : zero;
        FloatVector b6 = add ? FloatVector.fromArray(F, yb, b + y6) : zero;
        FloatVector b7 = add ? FloatVector.fromArray(F, yb, b + y7) : zero;
        FloatVector b8 = add ? FloatVector.fromArray(F, yb, b + y8) : zero;
        FloatVector b9 = add ? FloatVector.fromArray(F, yb, b + y9) : zero;
        FloatVector b10 = add ? FloatVector.fromArray(F, yb, b + y10) : zero;
        FloatVector b11 = add ? FloatVector.fromArray(F, yb, b + y11) : zero;
        for (int k = 0; k < n; k++) {
            FloatVector u = FloatVector.fromMemorySegment(F, w, w0 + (long) ROW * k, ORDER);
            FloatVector v = FloatVector.fromMemorySegment(F, w, w1 + (long) ROW * k, ORDER);
            FloatVector s = FloatVector.broadcast(F, in[x + k * WIDTH + 0]);
            a0 = s.fma(u, a0);
            b0 = s.fma(v, b0);
            s = FloatVector.broadcast(F, in[x + k * WIDTH + 1]);
            a1 = s.fma(u, a1);
            b1 = s.fma(v, b1);
            s = FloatVector.broadcast(F, in[x + k * WIDTH + 2]);
            a2 = s.fma(u, a2);
            b2 = s.fma(v, b2);
            s = FloatVector.broadcast(F, in[x + k * WIDTH + 3]);
            a3 = s.fma(u, a3);
            b3 = s.fma(v, b3);
            s = FloatVector.broadcast(F, in[x + k * WIDTH + 4]);
            a4 = s.fma(u, a4);
            b4 = s.fma(v, b4);
            s = FloatVector.broadcast(F, in[x + k * WIDTH + 5]);
            a5 = s.fma(u, a5);
            b5 = s.fma(v, b5);
            s = FloatVector.broadcast(F, in[x + k * WIDTH + 6]);
            a6 = s.fma(u, a6);
            b6 = s.fma(v, b6);
            s = FloatVector.broadcast(F, in[x + k * WIDTH + 7]);
            a7 = s.fma(u, a7);
            b7 = s.fma(v, b7);
            s = FloatVector.broadcast(F, in[x + k * WIDTH + 8]);
            a8 = s.fma(u, a8);
            b8 = s.fma(v, b8);
            s = FloatVector.broadcast(F, in[x + k * WIDTH + 9]);
            a9 = s.fma(u, a9);
            b9 = s.fma(v, b9);
            s = FloatVector.broadcast(F, in[x + k * WIDTH + 10]);
            a10 = s.fma(u, a10);
            b10 = s.fma(v, b10);
            s = FloatVector.broadcast(F, in[x + k * WIDTH + 11]);
            a11 = s.fma(u, a11);
            b11 = s.fma(v, b11);
        }
        a11.intoArray(ya, a + y11);
        b11.intoArray(yb, b + y11);
        a10.intoArray(ya, a + y10);
        b10.intoArray(yb, b + y10);
        a9.intoArray(ya, a + y9);
        b9.intoArray(yb, b + y9);
        a8.intoArray(ya, a + y8);
        b8.intoArray(yb, b + y8);
        a7.intoArray(ya, a + y7);
        b7.intoArray(yb, b + y7);
        a6.intoArray(ya, a + y6);
        b6.intoArray(yb, b + y6);
        a5.intoArray(ya, a + y5);
        b5.intoArray(yb, b + y5);
        a4.intoArray(ya, a + y4);
        b4.intoArray(yb, b + y4);
        a3.intoArray(ya, a + y3);
        b3.intoArray(yb, b + y3);
        a2.intoArray(ya, a + y2);
        b2.intoArray(yb, b + y2);
        a1.intoArray(ya, a + y1);
        b1.intoArray(yb, b + y1);
        a0.intoArray(ya, a + y0);
        b0.intoArray(yb, b + y0);
    }
}
