package dev.loupe.kernels.vector;

import static dev.loupe.kernels.Weight.PANEL;
import static dev.loupe.kernels.vector.Halves.HALF;
import static dev.loupe.kernels.vector.Halves.REBIAS;
import static dev.loupe.kernels.vector.Lanes.F;
import static dev.loupe.kernels.vector.Lanes.I;
import static dev.loupe.kernels.vector.Lanes.L;

import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.LSHL;

import dev.loupe.kernels.Activations;
import dev.loupe.kernels.Weight;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * Panels as they are stored times one token. What limits it is reading the weights, and three
 * things help:
 *
 * <ul>
 *   <li>Two vectors of rows take turns, {@code u} and {@code v}: two panels, or two parts of one
 *       where a vector is narrower. They share the inputs, and while the processor waits for the
 *       page that one of them comes to it goes on with the other.
 *   <li>One number of each line of the panels that come after them is read and added up, for
 *       nothing but that the line is on its way before it is needed. Java has no instruction for
 *       that, and the processor fetches by itself only to the end of a page. Both together: 1.25 to
 *       1.4 times the speed.
 *   <li>Codes are unpacked in registers ({@link CodesProduct}, {@link NarrowCodesProduct}).
 * </ul>
 *
 * <p>Nothing here is taken out into methods that take or give vectors: one that the JIT has
 * compiled by itself meanwhile is no longer inlined, and a vector that leaves a method becomes an
 * object. And methods stay short: past some sixty to ninety vector operations the compiler stops
 * inlining (NodeCountInliningCutoff), and the rest become calls, at a hundredth of the speed.
 */
final class GeneratedProduct {
    private GeneratedProduct() {}

    static void multiply(Weight weight, int from, int to, Activations x, float[] y, int offset) {
        Turns turns = Turns.ofThread(weight);
        int last = Turns.vectors(to) - 1;
        for (int first = Turns.vectors(from); first <= last; first += 2) {
            // a vector that has no other is its own, and is computed twice
            int second = Math.min(first + 1, last);
            turns.choose(first, second, last);
            multiply(weight, turns, x);
            turns.store(weight, first, 0, y, offset);
            turns.store(weight, second, L, y, offset);
        }
    }

    private static void multiply(Weight weight, Turns turns, Activations x) {
        switch (weight) {
            case Weight.Floats w -> floats(w.data(), w.cols(), turns, x.values());
            case Weight.Halves w -> {
                if (w.brain()) {
                    brains(w.data(), w.cols(), turns, x.values());
                } else {
                    halves(w.data(), w.cols(), turns, x.values());
                }
            }
            case Weight.Codes w -> {
                turns.readScales(w);
                if (PanelProduct.MANY_REGISTERS) {
                    CodesProduct.multiply(w, turns, x);
                } else {
                    NarrowCodesProduct.multiply(w, turns, x);
                }
            }
            case Weight.Stack w -> throw new IllegalArgumentException("a stack");
        }
    }

    private static void floats(float[][] data, int cols, Turns turns, float[] x) {
        float[] u = data[turns.u];
        float[] v = data[turns.v];
        float[] nextU = data[turns.nextU];
        float[] nextV = data[turns.nextV];
        int uLane = turns.uLane;
        int vLane = turns.vLane;
        float ahead = 0;
        FloatVector u0 = FloatVector.zero(F);
        FloatVector u1 = u0;
        FloatVector u2 = u0;
        FloatVector u3 = u0;
        FloatVector v0 = u0;
        FloatVector v1 = u0;
        FloatVector v2 = u0;
        FloatVector v3 = u0;
        int k = 0;
        for (; k < cols - 3; k += 4) {
            int at = k * PANEL;
            ahead += nextU[at] + nextU[at + PANEL] + nextU[at + 2 * PANEL] + nextU[at + 3 * PANEL];
            ahead += nextV[at] + nextV[at + PANEL] + nextV[at + 2 * PANEL] + nextV[at + 3 * PANEL];
            FloatVector b = FloatVector.broadcast(F, x[k]);
            u0 = FloatVector.fromArray(F, u, at + uLane).fma(b, u0);
            v0 = FloatVector.fromArray(F, v, at + vLane).fma(b, v0);
            b = FloatVector.broadcast(F, x[k + 1]);
            u1 = FloatVector.fromArray(F, u, at + PANEL + uLane).fma(b, u1);
            v1 = FloatVector.fromArray(F, v, at + PANEL + vLane).fma(b, v1);
            b = FloatVector.broadcast(F, x[k + 2]);
            u2 = FloatVector.fromArray(F, u, at + 2 * PANEL + uLane).fma(b, u2);
            v2 = FloatVector.fromArray(F, v, at + 2 * PANEL + vLane).fma(b, v2);
            b = FloatVector.broadcast(F, x[k + 3]);
            u3 = FloatVector.fromArray(F, u, at + 3 * PANEL + uLane).fma(b, u3);
            v3 = FloatVector.fromArray(F, v, at + 3 * PANEL + vLane).fma(b, v3);
        }
        for (; k < cols; k++) {
            FloatVector b = FloatVector.broadcast(F, x[k]);
            u0 = FloatVector.fromArray(F, u, k * PANEL + uLane).fma(b, u0);
            v0 = FloatVector.fromArray(F, v, k * PANEL + vLane).fma(b, v0);
        }
        u0.add(u1).add(u2.add(u3)).intoArray(turns.out, 0);
        v0.add(v1).add(v2.add(v3)).intoArray(turns.out, L);
        turns.ahead = (int) ahead;
    }

    // The two kinds of halves have a method each, with their kind a constant, so that no loop tests
    // it.

    private static void halves(int[][] data, int cols, Turns turns, float[] x) {
        int[] u = data[turns.u];
        int[] v = data[turns.v];
        int[] nextU = data[turns.nextU];
        int[] nextV = data[turns.nextV];
        int uLane = turns.uLane;
        int vLane = turns.vLane;
        int ahead = 0;
        FloatVector u0 = FloatVector.zero(F);
        FloatVector u1 = u0;
        FloatVector u2 = u0;
        FloatVector u3 = u0;
        FloatVector v0 = u0;
        FloatVector v1 = u0;
        FloatVector v2 = u0;
        FloatVector v3 = u0;
        int pairs = (cols + 1) / 2;
        int i = 0;
        for (; i < pairs - 1; i += 2) {
            int at = i * PANEL;
            ahead += nextU[at] + nextU[at + PANEL] + nextV[at] + nextV[at + PANEL];
            IntVector a = IntVector.fromArray(I, u, at + uLane);
            IntVector b = IntVector.fromArray(I, v, at + vLane);
            FloatVector x0 = FloatVector.broadcast(F, x[2 * i]);
            FloatVector x1 = FloatVector.broadcast(F, x[2 * i + 1]);
            u0 =
                    a.lanewise(LSHL, 16)
                            .lanewise(ASHR, 3)
                            .and(HALF)
                            .reinterpretAsFloats()
                            .mul(REBIAS)
                            .fma(x0, u0);
            u1 = a.lanewise(ASHR, 3).and(HALF).reinterpretAsFloats().mul(REBIAS).fma(x1, u1);
            v0 =
                    b.lanewise(LSHL, 16)
                            .lanewise(ASHR, 3)
                            .and(HALF)
                            .reinterpretAsFloats()
                            .mul(REBIAS)
                            .fma(x0, v0);
            v1 = b.lanewise(ASHR, 3).and(HALF).reinterpretAsFloats().mul(REBIAS).fma(x1, v1);
            a = IntVector.fromArray(I, u, at + PANEL + uLane);
            b = IntVector.fromArray(I, v, at + PANEL + vLane);
            x0 = FloatVector.broadcast(F, x[2 * i + 2]);
            x1 = FloatVector.broadcast(F, x[2 * i + 3]);
            u2 =
                    a.lanewise(LSHL, 16)
                            .lanewise(ASHR, 3)
                            .and(HALF)
                            .reinterpretAsFloats()
                            .mul(REBIAS)
                            .fma(x0, u2);
            u3 = a.lanewise(ASHR, 3).and(HALF).reinterpretAsFloats().mul(REBIAS).fma(x1, u3);
            v2 =
                    b.lanewise(LSHL, 16)
                            .lanewise(ASHR, 3)
                            .and(HALF)
                            .reinterpretAsFloats()
                            .mul(REBIAS)
                            .fma(x0, v2);
            v3 = b.lanewise(ASHR, 3).and(HALF).reinterpretAsFloats().mul(REBIAS).fma(x1, v3);
        }
        if (i < pairs) {
            IntVector a = IntVector.fromArray(I, u, i * PANEL + uLane);
            IntVector b = IntVector.fromArray(I, v, i * PANEL + vLane);
            FloatVector x0 = FloatVector.broadcast(F, x[2 * i]);
            FloatVector x1 = FloatVector.broadcast(F, x[2 * i + 1]);
            u0 =
                    a.lanewise(LSHL, 16)
                            .lanewise(ASHR, 3)
                            .and(HALF)
                            .reinterpretAsFloats()
                            .mul(REBIAS)
                            .fma(x0, u0);
            u1 = a.lanewise(ASHR, 3).and(HALF).reinterpretAsFloats().mul(REBIAS).fma(x1, u1);
            v0 =
                    b.lanewise(LSHL, 16)
                            .lanewise(ASHR, 3)
                            .and(HALF)
                            .reinterpretAsFloats()
                            .mul(REBIAS)
                            .fma(x0, v0);
            v1 = b.lanewise(ASHR, 3).and(HALF).reinterpretAsFloats().mul(REBIAS).fma(x1, v1);
        }
        u0.add(u1).add(u2.add(u3)).intoArray(turns.out, 0);
        v0.add(v1).add(v2.add(v3)).intoArray(turns.out, L);
        turns.ahead = ahead;
    }

    private static void brains(int[][] data, int cols, Turns turns, float[] x) {
        int[] u = data[turns.u];
        int[] v = data[turns.v];
        int[] nextU = data[turns.nextU];
        int[] nextV = data[turns.nextV];
        int uLane = turns.uLane;
        int vLane = turns.vLane;
        int ahead = 0;
        FloatVector u0 = FloatVector.zero(F);
        FloatVector u1 = u0;
        FloatVector u2 = u0;
        FloatVector u3 = u0;
        FloatVector v0 = u0;
        FloatVector v1 = u0;
        FloatVector v2 = u0;
        FloatVector v3 = u0;
        int pairs = (cols + 1) / 2;
        int i = 0;
        for (; i < pairs - 1; i += 2) {
            int at = i * PANEL;
            ahead += nextU[at] + nextU[at + PANEL] + nextV[at] + nextV[at + PANEL];
            IntVector a = IntVector.fromArray(I, u, at + uLane);
            IntVector b = IntVector.fromArray(I, v, at + vLane);
            FloatVector x0 = FloatVector.broadcast(F, x[2 * i]);
            FloatVector x1 = FloatVector.broadcast(F, x[2 * i + 1]);
            u0 = a.lanewise(LSHL, 16).reinterpretAsFloats().fma(x0, u0);
            u1 = a.and(0xFFFF0000).reinterpretAsFloats().fma(x1, u1);
            v0 = b.lanewise(LSHL, 16).reinterpretAsFloats().fma(x0, v0);
            v1 = b.and(0xFFFF0000).reinterpretAsFloats().fma(x1, v1);
            a = IntVector.fromArray(I, u, at + PANEL + uLane);
            b = IntVector.fromArray(I, v, at + PANEL + vLane);
            x0 = FloatVector.broadcast(F, x[2 * i + 2]);
            x1 = FloatVector.broadcast(F, x[2 * i + 3]);
            u2 = a.lanewise(LSHL, 16).reinterpretAsFloats().fma(x0, u2);
            u3 = a.and(0xFFFF0000).reinterpretAsFloats().fma(x1, u3);
            v2 = b.lanewise(LSHL, 16).reinterpretAsFloats().fma(x0, v2);
            v3 = b.and(0xFFFF0000).reinterpretAsFloats().fma(x1, v3);
        }
        if (i < pairs) {
            IntVector a = IntVector.fromArray(I, u, i * PANEL + uLane);
            IntVector b = IntVector.fromArray(I, v, i * PANEL + vLane);
            FloatVector x0 = FloatVector.broadcast(F, x[2 * i]);
            FloatVector x1 = FloatVector.broadcast(F, x[2 * i + 1]);
            u0 = a.lanewise(LSHL, 16).reinterpretAsFloats().fma(x0, u0);
            u1 = a.and(0xFFFF0000).reinterpretAsFloats().fma(x1, u1);
            v0 = b.lanewise(LSHL, 16).reinterpretAsFloats().fma(x0, v0);
            v1 = b.and(0xFFFF0000).reinterpretAsFloats().fma(x1, v1);
        }
        u0.add(u1).add(u2.add(u3)).intoArray(turns.out, 0);
        v0.add(v1).add(v2.add(v3)).intoArray(turns.out, L);
        turns.ahead = ahead;
    }
}
