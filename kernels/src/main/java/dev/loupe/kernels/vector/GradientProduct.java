package dev.loupe.kernels.vector;

import static dev.loupe.kernels.Strips.WIDTH;
import static dev.loupe.kernels.Weight.PANEL;
import static dev.loupe.kernels.vector.Lanes.F;
import static dev.loupe.kernels.vector.Lanes.L;
import static dev.loupe.kernels.vector.PanelProduct.MANY_REGISTERS;

import dev.loupe.kernels.Panels;
import dev.loupe.kernels.Strips;
import dev.loupe.kernels.Tensor;

import jdk.incubator.vector.FloatVector;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;

/**
 * Gradients of weights: panels of the result's gradient times strips of activations, added to the
 * panels of the weight's gradient. Tiles as in {@link PanelProduct}, with columns of activations in
 * place of rows.
 */
final class GradientProduct {
    /** Bytes from one step of a panel to the next. */
    private static final int ROW = 4 * PANEL;

    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private GradientProduct() {}

    static void pack(Tensor x, int col, Panels out, int panel) {
        int n = x.cols() - col;
        long at = out.at(panel, 0);
        for (int r = 0; r < x.rows(); r++) {
            int from = x.row(r) + col;
            for (int lane = 0; lane < PANEL; lane += L) {
                FloatVector v = Lanes.load(x.data(), from + lane, n - lane);
                v.intoMemorySegment(out.data(), at + 4L * lane, ORDER);
            }
            at += ROW;
        }
    }

    static void accumulate(Panels dy, int panel, Strips x, float[][] dw, int input) {
        for (int c = 0; c < dw.length * PANEL; c += 2 * L) {
            float[] a = dw[c / PANEL];
            int atA = input * PANEL + c % PANEL;
            long w0 = start(dy, panel, c);
            boolean two = c + L < dw.length * PANEL;
            float[] b = two ? dw[(c + L) / PANEL] : a;
            int atB = two ? input * PANEL + (c + L) % PANEL : atA;
            long w1 = two ? start(dy, panel, c + L) : w0;
            for (int i = 0; i < x.cols(); i += WIDTH) {
                int from = i * x.rows();
                int cols = Math.min(WIDTH, x.cols() - i);
                if (MANY_REGISTERS) {
                    tile12(
                            dy.data(),
                            w0,
                            w1,
                            x.rows(),
                            x.data(),
                            from,
                            cols - 1,
                            a,
                            atA + i * PANEL,
                            b,
                            atB + i * PANEL);
                } else {
                    for (int j = 0; j < cols; j += 4) {
                        int last = Math.min(4, cols - j) - 1;
                        int at = (i + j) * PANEL;
                        tile4(
                                dy.data(), w0, w1, x.rows(), x.data(), from + j, last, a, atA + at,
                                b, atB + at);
                    }
                }
            }
        }
    }

    /** Where output {@code c} behind a panel begins. */
    private static long start(Panels dy, int panel, int c) {
        return dy.at(panel + c / PANEL, 0) + 4L * (c % PANEL);
    }

    /**
     * Four columns; fewer at the end, where the rows that are missing are stored first and written
     * over.
     */
    private static void tile4(
            MemorySegment w,
            long w0,
            long w1,
            int n,
            float[] in,
            int x,
            int last,
            float[] ya,
            int a,
            float[] yb,
            int b) {
        int y0 = Math.min(0, last) * PANEL;
        int y1 = Math.min(1, last) * PANEL;
        int y2 = Math.min(2, last) * PANEL;
        int y3 = Math.min(3, last) * PANEL;
        FloatVector a0 = FloatVector.fromArray(F, ya, a + y0);
        FloatVector a1 = FloatVector.fromArray(F, ya, a + y1);
        FloatVector a2 = FloatVector.fromArray(F, ya, a + y2);
        FloatVector a3 = FloatVector.fromArray(F, ya, a + y3);
        FloatVector b0 = FloatVector.fromArray(F, yb, b + y0);
        FloatVector b1 = FloatVector.fromArray(F, yb, b + y1);
        FloatVector b2 = FloatVector.fromArray(F, yb, b + y2);
        FloatVector b3 = FloatVector.fromArray(F, yb, b + y3);
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

    /** {@link #tile4} with twelve columns. */
    private static void tile12(
            MemorySegment w,
            long w0,
            long w1,
            int n,
            float[] in,
            int x,
            int last,
            float[] ya,
            int a,
            float[] yb,
            int b) {
        int y0 = Math.min(0, last) * PANEL;
        int y1 = Math.min(1, last) * PANEL;
        int y2 = Math.min(2, last) * PANEL;
        int y3 = Math.min(3, last) * PANEL;
        int y4 = Math.min(4, last) * PANEL;
        int y5 = Math.min(5, last) * PANEL;
        int y6 = Math.min(6, last) * PANEL;
        int y7 = Math.min(7, last) * PANEL;
        int y8 = Math.min(8, last) * PANEL;
        int y9 = Math.min(9, last) * PANEL;
        int y10 = Math.min(10, last) * PANEL;
        int y11 = Math.min(11, last) * PANEL;
        FloatVector a0 = FloatVector.fromArray(F, ya, a + y0);
        FloatVector a1 = FloatVector.fromArray(F, ya, a + y1);
        FloatVector a2 = FloatVector.fromArray(F, ya, a + y2);
        FloatVector a3 = FloatVector.fromArray(F, ya, a + y3);
        FloatVector a4 = FloatVector.fromArray(F, ya, a + y4);
        FloatVector a5 = FloatVector.fromArray(F, ya, a + y5);
        FloatVector a6 = FloatVector.fromArray(F, ya, a + y6);
        FloatVector a7 = FloatVector.fromArray(F, ya, a + y7);
        FloatVector a8 = FloatVector.fromArray(F, ya, a + y8);
        FloatVector a9 = FloatVector.fromArray(F, ya, a + y9);
        FloatVector a10 = FloatVector.fromArray(F, ya, a + y10);
        FloatVector a11 = FloatVector.fromArray(F, ya, a + y11);
        FloatVector b0 = FloatVector.fromArray(F, yb, b + y0);
        FloatVector b1 = FloatVector.fromArray(F, yb, b + y1);
        FloatVector b2 = FloatVector.fromArray(F, yb, b + y2);
        FloatVector b3 = FloatVector.fromArray(F, yb, b + y3);
        FloatVector b4 = FloatVector.fromArray(F, yb, b + y4);
        FloatVector b5 = FloatVector.fromArray(F, yb, b + y5);
        FloatVector b6 = FloatVector.fromArray(F, yb, b + y6);
        FloatVector b7 = FloatVector.fromArray(F, yb, b + y7);
        FloatVector b8 = FloatVector.fromArray(F, yb, b + y8);
        FloatVector b9 = FloatVector.fromArray(F, yb, b + y9);
        FloatVector b10 = FloatVector.fromArray(F, yb, b + y10);
        FloatVector b11 = FloatVector.fromArray(F, yb, b + y11);
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
