package dev.loupe.kernels.vector;

import static dev.loupe.kernels.Weight.PANEL;
import static dev.loupe.kernels.vector.Lanes.F;
import static dev.loupe.kernels.vector.Lanes.L;

import dev.loupe.kernels.Activations;
import dev.loupe.kernels.Tensor;
import dev.loupe.kernels.Weight;

import jdk.incubator.vector.FloatVector;

import java.util.Arrays;

/**
 * A panel of codes times several generated tokens. Each group of codes becomes floats once, in
 * memory that stays in the nearest cache, and is multiplied by eight tokens at a time, or by four
 * where there are no registers for more. A token's sums have the order and the bits that {@link
 * GeneratedProduct} gives them: here a code and its input are themselves, there one is larger by a
 * power of two and the other smaller.
 */
final class SharedProduct {
    private final int size;
    private final float[] codes;
    private final float[] sums = new float[8 * L];

    private SharedProduct(int size) {
        this.size = size;
        codes = new float[size * L];
    }

    static void multiply(Weight.Codes w, int from, int to, Activations[] tokens, Tensor y) {
        for (int panel = from; panel < to; panel++) {
            multiply(w, panel, tokens, y);
        }
    }

    private static void multiply(Weight.Codes w, int panel, Activations[] tokens, Tensor y) {
        ScaleScratch wide = ScaleScratch.ofThread(w);
        wide.widen(w, panel, 0);
        SharedProduct product = new SharedProduct(w.groupSize());
        int most = PanelProduct.MANY_REGISTERS ? 8 : 4;
        int t = 0;
        while (t < tokens.length) {
            int left = tokens.length - t;
            if (left == 1) {
                GeneratedProduct.multiply(w, panel, panel + 1, tokens[t], y.data(), y.row(t));
            } else {
                product.multiply(w, panel, wide, tokens, t, Math.min(left, most), y);
            }
            t += Math.min(left, most);
        }
    }

    /** At most eight tokens from {@code t} on. */
    private void multiply(
            Weight.Codes w,
            int panel,
            ScaleScratch wide,
            Activations[] tokens,
            int t,
            int n,
            Tensor y) {
        for (int lane = 0; lane < PANEL; lane += L) {
            Arrays.fill(sums, 0f);
            for (int group = 0; group < w.groups(); group++) {
                Unpacking.codes(w, panel, lane, group * size, size, codes, 0, L);
                if (n > 4) {
                    multiply8(wide.scales(), wide.offsets(), lane, tokens, t, group);
                } else {
                    multiply4(wide.scales(), wide.offsets(), lane, tokens, t, group);
                }
            }
            int row = panel * PANEL + lane;
            int count = Math.min(L, w.rows() - row);
            for (int i = 0; i < n && count > 0; i++) {
                System.arraycopy(sums, i * L, y.data(), y.row(t + i) + row, count);
            }
        }
    }

    /** Eight tokens; where fewer are left the last one is computed more than once. */
    private void multiply8(
            float[] scales, float[] offsets, int lane, Activations[] in, int t, int group) {
        int last = in.length - 1;
        Activations in0 = in[t];
        Activations in1 = in[Math.min(t + 1, last)];
        Activations in2 = in[Math.min(t + 2, last)];
        Activations in3 = in[Math.min(t + 3, last)];
        Activations in4 = in[Math.min(t + 4, last)];
        Activations in5 = in[Math.min(t + 5, last)];
        Activations in6 = in[Math.min(t + 6, last)];
        Activations in7 = in[Math.min(t + 7, last)];
        float[] x0 = in0.plain();
        float[] x1 = in1.plain();
        float[] x2 = in2.plain();
        float[] x3 = in3.plain();
        float[] x4 = in4.plain();
        float[] x5 = in5.plain();
        float[] x6 = in6.plain();
        float[] x7 = in7.plain();
        FloatVector a0 = FloatVector.broadcast(F, in0.starts()[group]);
        FloatVector a1 = FloatVector.broadcast(F, in1.starts()[group]);
        FloatVector a2 = FloatVector.broadcast(F, in2.starts()[group]);
        FloatVector a3 = FloatVector.broadcast(F, in3.starts()[group]);
        FloatVector a4 = FloatVector.broadcast(F, in4.starts()[group]);
        FloatVector a5 = FloatVector.broadcast(F, in5.starts()[group]);
        FloatVector a6 = FloatVector.broadcast(F, in6.starts()[group]);
        FloatVector a7 = FloatVector.broadcast(F, in7.starts()[group]);
        FloatVector b0 = FloatVector.zero(F);
        FloatVector b1 = b0;
        FloatVector b2 = b0;
        FloatVector b3 = b0;
        FloatVector b4 = b0;
        FloatVector b5 = b0;
        FloatVector b6 = b0;
        FloatVector b7 = b0;
        int first = group * size;
        for (int k = 0; k < size; k += 2) {
            FloatVector u = FloatVector.fromArray(F, codes, k * L);
            a0 = u.fma(FloatVector.broadcast(F, x0[first + k]), a0);
            a1 = u.fma(FloatVector.broadcast(F, x1[first + k]), a1);
            a2 = u.fma(FloatVector.broadcast(F, x2[first + k]), a2);
            a3 = u.fma(FloatVector.broadcast(F, x3[first + k]), a3);
            a4 = u.fma(FloatVector.broadcast(F, x4[first + k]), a4);
            a5 = u.fma(FloatVector.broadcast(F, x5[first + k]), a5);
            a6 = u.fma(FloatVector.broadcast(F, x6[first + k]), a6);
            a7 = u.fma(FloatVector.broadcast(F, x7[first + k]), a7);
            FloatVector v = FloatVector.fromArray(F, codes, k * L + L);
            b0 = v.fma(FloatVector.broadcast(F, x0[first + k + 1]), b0);
            b1 = v.fma(FloatVector.broadcast(F, x1[first + k + 1]), b1);
            b2 = v.fma(FloatVector.broadcast(F, x2[first + k + 1]), b2);
            b3 = v.fma(FloatVector.broadcast(F, x3[first + k + 1]), b3);
            b4 = v.fma(FloatVector.broadcast(F, x4[first + k + 1]), b4);
            b5 = v.fma(FloatVector.broadcast(F, x5[first + k + 1]), b5);
            b6 = v.fma(FloatVector.broadcast(F, x6[first + k + 1]), b6);
            b7 = v.fma(FloatVector.broadcast(F, x7[first + k + 1]), b7);
        }
        FloatVector scale = FloatVector.fromArray(F, scales, group * PANEL + lane);
        a0 = a0.add(b0).fma(scale, FloatVector.fromArray(F, sums, 0));
        a1 = a1.add(b1).fma(scale, FloatVector.fromArray(F, sums, L));
        a2 = a2.add(b2).fma(scale, FloatVector.fromArray(F, sums, 2 * L));
        a3 = a3.add(b3).fma(scale, FloatVector.fromArray(F, sums, 3 * L));
        a4 = a4.add(b4).fma(scale, FloatVector.fromArray(F, sums, 4 * L));
        a5 = a5.add(b5).fma(scale, FloatVector.fromArray(F, sums, 5 * L));
        a6 = a6.add(b6).fma(scale, FloatVector.fromArray(F, sums, 6 * L));
        a7 = a7.add(b7).fma(scale, FloatVector.fromArray(F, sums, 7 * L));
        if (offsets.length > 0) {
            FloatVector offset = FloatVector.fromArray(F, offsets, group * PANEL + lane);
            a0 = offset.fma(FloatVector.broadcast(F, in0.sums()[group]), a0);
            a1 = offset.fma(FloatVector.broadcast(F, in1.sums()[group]), a1);
            a2 = offset.fma(FloatVector.broadcast(F, in2.sums()[group]), a2);
            a3 = offset.fma(FloatVector.broadcast(F, in3.sums()[group]), a3);
            a4 = offset.fma(FloatVector.broadcast(F, in4.sums()[group]), a4);
            a5 = offset.fma(FloatVector.broadcast(F, in5.sums()[group]), a5);
            a6 = offset.fma(FloatVector.broadcast(F, in6.sums()[group]), a6);
            a7 = offset.fma(FloatVector.broadcast(F, in7.sums()[group]), a7);
        }
        a0.intoArray(sums, 0);
        a1.intoArray(sums, L);
        a2.intoArray(sums, 2 * L);
        a3.intoArray(sums, 3 * L);
        a4.intoArray(sums, 4 * L);
        a5.intoArray(sums, 5 * L);
        a6.intoArray(sums, 6 * L);
        a7.intoArray(sums, 7 * L);
    }

    /** Four tokens; where fewer are left the last one is computed more than once. */
    private void multiply4(
            float[] scales, float[] offsets, int lane, Activations[] in, int t, int group) {
        int last = in.length - 1;
        Activations in0 = in[t];
        Activations in1 = in[Math.min(t + 1, last)];
        Activations in2 = in[Math.min(t + 2, last)];
        Activations in3 = in[Math.min(t + 3, last)];
        float[] x0 = in0.plain();
        float[] x1 = in1.plain();
        float[] x2 = in2.plain();
        float[] x3 = in3.plain();
        FloatVector a0 = FloatVector.broadcast(F, in0.starts()[group]);
        FloatVector a1 = FloatVector.broadcast(F, in1.starts()[group]);
        FloatVector a2 = FloatVector.broadcast(F, in2.starts()[group]);
        FloatVector a3 = FloatVector.broadcast(F, in3.starts()[group]);
        FloatVector b0 = FloatVector.zero(F);
        FloatVector b1 = b0;
        FloatVector b2 = b0;
        FloatVector b3 = b0;
        int first = group * size;
        for (int k = 0; k < size; k += 2) {
            FloatVector u = FloatVector.fromArray(F, codes, k * L);
            a0 = u.fma(FloatVector.broadcast(F, x0[first + k]), a0);
            a1 = u.fma(FloatVector.broadcast(F, x1[first + k]), a1);
            a2 = u.fma(FloatVector.broadcast(F, x2[first + k]), a2);
            a3 = u.fma(FloatVector.broadcast(F, x3[first + k]), a3);
            FloatVector v = FloatVector.fromArray(F, codes, k * L + L);
            b0 = v.fma(FloatVector.broadcast(F, x0[first + k + 1]), b0);
            b1 = v.fma(FloatVector.broadcast(F, x1[first + k + 1]), b1);
            b2 = v.fma(FloatVector.broadcast(F, x2[first + k + 1]), b2);
            b3 = v.fma(FloatVector.broadcast(F, x3[first + k + 1]), b3);
        }
        FloatVector scale = FloatVector.fromArray(F, scales, group * PANEL + lane);
        a0 = a0.add(b0).fma(scale, FloatVector.fromArray(F, sums, 0));
        a1 = a1.add(b1).fma(scale, FloatVector.fromArray(F, sums, L));
        a2 = a2.add(b2).fma(scale, FloatVector.fromArray(F, sums, 2 * L));
        a3 = a3.add(b3).fma(scale, FloatVector.fromArray(F, sums, 3 * L));
        if (offsets.length > 0) {
            FloatVector offset = FloatVector.fromArray(F, offsets, group * PANEL + lane);
            a0 = offset.fma(FloatVector.broadcast(F, in0.sums()[group]), a0);
            a1 = offset.fma(FloatVector.broadcast(F, in1.sums()[group]), a1);
            a2 = offset.fma(FloatVector.broadcast(F, in2.sums()[group]), a2);
            a3 = offset.fma(FloatVector.broadcast(F, in3.sums()[group]), a3);
        }
        a0.intoArray(sums, 0);
        a1.intoArray(sums, L);
        a2.intoArray(sums, 2 * L);
        a3.intoArray(sums, 3 * L);
    }
}
