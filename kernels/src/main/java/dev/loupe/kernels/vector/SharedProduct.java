package dev.loupe.kernels.vector;

import static dev.loupe.kernels.Weight.PANEL;
import static dev.loupe.kernels.vector.Lanes.F;
import static dev.loupe.kernels.vector.Lanes.I;
import static dev.loupe.kernels.vector.Lanes.L;

import dev.loupe.kernels.Activations;
import dev.loupe.kernels.Tensor;
import dev.loupe.kernels.Weight;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * A panel of codes times several generated tokens, four at a time: codes are masked and converted
 * once for the four. Each token's sums have the order that {@link GeneratedProduct} gives them.
 *
 * <p>Loops are not unrolled: past some size the compiler gives up keeping vectors in registers, and
 * the unrolled form ran at a quarter of the speed.
 */
final class SharedProduct {
    private SharedProduct() {}

    static void multiply(Weight.Codes w, int panel, Activations[] tokens, Tensor y) {
        for (int lane = 0; lane < PANEL; lane += L) {
            int row = panel * PANEL + lane;
            int left = w.rows() - row;
            for (int t = 0; t < tokens.length; t += 4) {
                if (t + 1 == tokens.length) {
                    GeneratedProduct.codes(
                            w, panel, lane, tokens[t], y.data(), y.row(t) + row, left);
                } else if (w.bits() == 4) {
                    nibbles(w, panel, lane, tokens, t, y, row, left);
                } else {
                    bytes(w, panel, lane, tokens, t, y, row, left);
                }
            }
        }
    }

    // Fewer than four tokens at the end: the last one stands in for those that are missing, and is
    // stored more than once.

    private static void nibbles(
            Weight.Codes w,
            int panel,
            int lane,
            Activations[] in,
            int t,
            Tensor y,
            int row,
            int left) {
        int last = in.length - 1;
        int t1 = Math.min(t + 1, last);
        int t2 = Math.min(t + 2, last);
        int t3 = Math.min(t + 3, last);
        float[] x0 = in[t].plain();
        float[] x1 = in[t1].plain();
        float[] x2 = in[t2].plain();
        float[] x3 = in[t3].plain();
        float[] m0 = in[t].sums();
        float[] m1 = in[t1].sums();
        float[] m2 = in[t2].sums();
        float[] m3 = in[t3].sums();
        int[] words = w.codes()[panel];
        float[] scales = w.scales()[panel];
        float[] offsets = w.offsets()[panel];
        FloatVector s0 = FloatVector.zero(F);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        int groups = w.cols() / 32;
        for (int group = 0; group < groups; group++) {
            FloatVector a0 = FloatVector.zero(F);
            FloatVector a1 = a0;
            FloatVector a2 = a0;
            FloatVector a3 = a0;
            FloatVector b0 = a0;
            FloatVector b1 = a0;
            FloatVector b2 = a0;
            FloatVector b3 = a0;
            for (int word = 4 * group; word < 4 * group + 4; word++) {
                IntVector v = IntVector.fromArray(I, words, word * PANEL + lane);
                for (int k = 8 * word, shift = 0; shift < 32; k += 2, shift += 8) {
                    FloatVector c = Lanes.floats(v.lanewise(VectorOperators.LSHR, shift).and(0xF));
                    a0 = c.fma(FloatVector.broadcast(F, x0[k]), a0);
                    a1 = c.fma(FloatVector.broadcast(F, x1[k]), a1);
                    a2 = c.fma(FloatVector.broadcast(F, x2[k]), a2);
                    a3 = c.fma(FloatVector.broadcast(F, x3[k]), a3);
                    c = Lanes.floats(v.lanewise(VectorOperators.LSHR, shift + 4).and(0xF));
                    b0 = c.fma(FloatVector.broadcast(F, x0[k + 1]), b0);
                    b1 = c.fma(FloatVector.broadcast(F, x1[k + 1]), b1);
                    b2 = c.fma(FloatVector.broadcast(F, x2[k + 1]), b2);
                    b3 = c.fma(FloatVector.broadcast(F, x3[k + 1]), b3);
                }
            }
            FloatVector scale = FloatVector.fromArray(F, scales, group * PANEL + lane);
            FloatVector offset = FloatVector.fromArray(F, offsets, group * PANEL + lane);
            s0 = offset.fma(FloatVector.broadcast(F, m0[group]), a0.add(b0).fma(scale, s0));
            s1 = offset.fma(FloatVector.broadcast(F, m1[group]), a1.add(b1).fma(scale, s1));
            s2 = offset.fma(FloatVector.broadcast(F, m2[group]), a2.add(b2).fma(scale, s2));
            s3 = offset.fma(FloatVector.broadcast(F, m3[group]), a3.add(b3).fma(scale, s3));
        }
        Lanes.store(s0, y.data(), y.row(t) + row, left);
        Lanes.store(s1, y.data(), y.row(t1) + row, left);
        Lanes.store(s2, y.data(), y.row(t2) + row, left);
        Lanes.store(s3, y.data(), y.row(t3) + row, left);
    }

    private static void bytes(
            Weight.Codes w,
            int panel,
            int lane,
            Activations[] in,
            int t,
            Tensor y,
            int row,
            int left) {
        int last = in.length - 1;
        int t1 = Math.min(t + 1, last);
        int t2 = Math.min(t + 2, last);
        int t3 = Math.min(t + 3, last);
        float[] x0 = in[t].values();
        float[] x1 = in[t1].values();
        float[] x2 = in[t2].values();
        float[] x3 = in[t3].values();
        int[] words = w.codes()[panel];
        float[] scales = w.scales()[panel];
        FloatVector s0 = FloatVector.zero(F);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        int size = w.groupSize();
        int groups = w.cols() / size;
        for (int group = 0; group < groups; group++) {
            FloatVector a0 = FloatVector.zero(F);
            FloatVector a1 = a0;
            FloatVector a2 = a0;
            FloatVector a3 = a0;
            FloatVector b0 = a0;
            FloatVector b1 = a0;
            FloatVector b2 = a0;
            FloatVector b3 = a0;
            for (int k = group * size; k < (group + 1) * size; k += 2) {
                IntVector v = IntVector.fromArray(I, words, k / 4 * PANEL + lane);
                int left0 = 24 - 8 * (k % 4);
                FloatVector c = GeneratedProduct.signed(v, left0);
                a0 = c.fma(FloatVector.broadcast(F, x0[k]), a0);
                a1 = c.fma(FloatVector.broadcast(F, x1[k]), a1);
                a2 = c.fma(FloatVector.broadcast(F, x2[k]), a2);
                a3 = c.fma(FloatVector.broadcast(F, x3[k]), a3);
                c = GeneratedProduct.signed(v, left0 - 8);
                b0 = c.fma(FloatVector.broadcast(F, x0[k + 1]), b0);
                b1 = c.fma(FloatVector.broadcast(F, x1[k + 1]), b1);
                b2 = c.fma(FloatVector.broadcast(F, x2[k + 1]), b2);
                b3 = c.fma(FloatVector.broadcast(F, x3[k + 1]), b3);
            }
            FloatVector scale = FloatVector.fromArray(F, scales, group * PANEL + lane);
            s0 = a0.add(b0).fma(scale, s0);
            s1 = a1.add(b1).fma(scale, s1);
            s2 = a2.add(b2).fma(scale, s2);
            s3 = a3.add(b3).fma(scale, s3);
            if (w.hasOffsets()) {
                FloatVector offset =
                        FloatVector.fromArray(F, w.offsets()[panel], group * PANEL + lane);
                s0 = offset.fma(FloatVector.broadcast(F, in[t].sums()[group]), s0);
                s1 = offset.fma(FloatVector.broadcast(F, in[t1].sums()[group]), s1);
                s2 = offset.fma(FloatVector.broadcast(F, in[t2].sums()[group]), s2);
                s3 = offset.fma(FloatVector.broadcast(F, in[t3].sums()[group]), s3);
            }
        }
        Lanes.store(s0, y.data(), y.row(t) + row, left);
        Lanes.store(s1, y.data(), y.row(t1) + row, left);
        Lanes.store(s2, y.data(), y.row(t2) + row, left);
        Lanes.store(s3, y.data(), y.row(t3) + row, left);
    }
}
