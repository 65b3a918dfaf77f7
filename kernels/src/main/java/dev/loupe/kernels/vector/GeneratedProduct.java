package dev.loupe.kernels.vector;

import static dev.loupe.kernels.Weight.PANEL;
import static dev.loupe.kernels.vector.Lanes.F;
import static dev.loupe.kernels.vector.Lanes.I;
import static dev.loupe.kernels.vector.Lanes.L;

import dev.loupe.kernels.Activations;
import dev.loupe.kernels.Weight;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Panels as they are stored times one token. What limits it is reading the weights, so they are
 * unpacked in registers: a four-bit code is masked where it lies, converted, and multiplied by an
 * input that was scaled to make up for its place: three instructions for a vector of weights.
 */
final class GeneratedProduct {
    private GeneratedProduct() {}

    static void multiply(Weight weight, int from, int to, Activations x, float[] y, int offset) {
        for (int panel = from; panel < to; panel++) {
            for (int lane = 0; lane < PANEL; lane += L) {
                int row = panel * PANEL + lane;
                multiply(weight, panel, lane, x, y, offset + row, weight.rows() - row);
            }
        }
    }

    /** One vector of outputs; {@code left} of them are there. */
    private static void multiply(
            Weight weight, int panel, int lane, Activations x, float[] y, int to, int left) {
        // each kind stores its own sum: a vector that leaves a method may become an object
        switch (weight) {
            case Weight.Floats w -> floats(w.data()[panel], lane, w.cols(), x, y, to, left);
            case Weight.Halves w -> {
                if (w.brain()) {
                    brains(w.data()[panel], lane, w.cols(), x, y, to, left);
                } else {
                    halves(w.data()[panel], lane, w.cols(), x, y, to, left);
                }
            }
            case Weight.Codes w -> codes(w, panel, lane, x, y, to, left);
            case Weight.Stack w -> throw new IllegalArgumentException("a stack");
        }
    }

    static void codes(
            Weight.Codes w, int panel, int lane, Activations x, float[] y, int to, int left) {
        if (w.bits() == 4) {
            nibbles(w, panel, lane, x, y, to, left);
        } else {
            bytes(w, panel, lane, x, y, to, left);
        }
    }

    private static void floats(
            float[] w, int at, int cols, Activations x, float[] y, int to, int left) {
        float[] in = x.values();
        FloatVector s0 = FloatVector.zero(F);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        int k = 0;
        for (; k <= cols - 4; k += 4, at += 4 * PANEL) {
            s0 = FloatVector.fromArray(F, w, at).fma(FloatVector.broadcast(F, in[k]), s0);
            s1 = next(w, at + PANEL, in[k + 1], s1);
            s2 = next(w, at + 2 * PANEL, in[k + 2], s2);
            s3 = next(w, at + 3 * PANEL, in[k + 3], s3);
        }
        for (; k < cols; k++, at += PANEL) {
            s0 = next(w, at, in[k], s0);
        }
        Lanes.store(s0.add(s1).add(s2.add(s3)), y, to, left);
    }

    private static FloatVector next(float[] w, int at, float x, FloatVector sum) {
        return FloatVector.fromArray(F, w, at).fma(FloatVector.broadcast(F, x), sum);
    }

    // The two kinds of halves have a method each, with their kind a constant, so that no loop tests
    // it.

    private static void halves(
            int[] w, int at, int cols, Activations x, float[] y, int to, int left) {
        float[] in = x.values();
        FloatVector s0 = FloatVector.zero(F);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        int k = 0;
        for (; k + 2 < cols; k += 4, at += 2 * PANEL) {
            IntVector u = IntVector.fromArray(I, w, at);
            IntVector v = IntVector.fromArray(I, w, at + PANEL);
            s0 = Halves.low(u, false).fma(FloatVector.broadcast(F, in[k]), s0);
            s1 = Halves.high(u, false).fma(FloatVector.broadcast(F, in[k + 1]), s1);
            s2 = Halves.low(v, false).fma(FloatVector.broadcast(F, in[k + 2]), s2);
            s3 = Halves.high(v, false).fma(FloatVector.broadcast(F, in[k + 3]), s3);
        }
        if (k < cols) {
            IntVector u = IntVector.fromArray(I, w, at);
            s0 = Halves.low(u, false).fma(FloatVector.broadcast(F, in[k]), s0);
            s1 = Halves.high(u, false).fma(FloatVector.broadcast(F, in[k + 1]), s1);
        }
        Lanes.store(s0.add(s1).add(s2.add(s3)), y, to, left);
    }

    private static void brains(
            int[] w, int at, int cols, Activations x, float[] y, int to, int left) {
        float[] in = x.values();
        FloatVector s0 = FloatVector.zero(F);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        int k = 0;
        for (; k + 2 < cols; k += 4, at += 2 * PANEL) {
            IntVector u = IntVector.fromArray(I, w, at);
            IntVector v = IntVector.fromArray(I, w, at + PANEL);
            s0 = Halves.low(u, true).fma(FloatVector.broadcast(F, in[k]), s0);
            s1 = Halves.high(u, true).fma(FloatVector.broadcast(F, in[k + 1]), s1);
            s2 = Halves.low(v, true).fma(FloatVector.broadcast(F, in[k + 2]), s2);
            s3 = Halves.high(v, true).fma(FloatVector.broadcast(F, in[k + 3]), s3);
        }
        if (k < cols) {
            IntVector u = IntVector.fromArray(I, w, at);
            s0 = Halves.low(u, true).fma(FloatVector.broadcast(F, in[k]), s0);
            s1 = Halves.high(u, true).fma(FloatVector.broadcast(F, in[k + 1]), s1);
        }
        Lanes.store(s0.add(s1).add(s2.add(s3)), y, to, left);
    }

    /** Eight codes to an int, thirty-two to a group. */
    private static void nibbles(
            Weight.Codes w, int panel, int lane, Activations in, float[] y, int to, int left) {
        int[] words = w.codes()[panel];
        float[] scales = w.scales()[panel];
        float[] offsets = w.offsets()[panel];
        float[] x = in.values();
        FloatVector sum = FloatVector.zero(F);
        int groups = w.cols() / 32;
        for (int group = 0; group < groups; group++) {
            FloatVector even = FloatVector.zero(F);
            FloatVector odd = even;
            for (int word = 4 * group; word < 4 * group + 4; word++) {
                int k = 8 * word;
                IntVector v = IntVector.fromArray(I, words, word * PANEL + lane);
                even = Lanes.floats(v.and(0xF)).fma(FloatVector.broadcast(F, x[k]), even);
                odd = Lanes.floats(v.and(0xF0)).fma(FloatVector.broadcast(F, x[k + 1]), odd);
                even = Lanes.floats(v.and(0xF00)).fma(FloatVector.broadcast(F, x[k + 2]), even);
                odd = Lanes.floats(v.and(0xF000)).fma(FloatVector.broadcast(F, x[k + 3]), odd);
                even = Lanes.floats(v.and(0xF0000)).fma(FloatVector.broadcast(F, x[k + 4]), even);
                odd = Lanes.floats(v.and(0xF00000)).fma(FloatVector.broadcast(F, x[k + 5]), odd);
                even = Lanes.floats(v.and(0xF000000)).fma(FloatVector.broadcast(F, x[k + 6]), even);
                IntVector top = v.lanewise(VectorOperators.LSHR, 28);
                odd = Lanes.floats(top).fma(FloatVector.broadcast(F, x[k + 7]), odd);
            }
            int at = group * PANEL + lane;
            sum = even.add(odd).fma(FloatVector.fromArray(F, scales, at), sum);
            FloatVector offset = FloatVector.fromArray(F, offsets, at);
            sum = offset.fma(FloatVector.broadcast(F, in.sums()[group]), sum);
        }
        Lanes.store(sum, y, to, left);
    }

    /** Four codes to an int, sixteen or thirty-two to a group. */
    private static void bytes(
            Weight.Codes w, int panel, int lane, Activations in, float[] y, int to, int left) {
        int[] words = w.codes()[panel];
        float[] scales = w.scales()[panel];
        float[] x = in.values();
        FloatVector sum = FloatVector.zero(F);
        int size = w.groupSize();
        int groups = w.cols() / size;
        for (int group = 0; group < groups; group++) {
            FloatVector even = FloatVector.zero(F);
            FloatVector odd = even;
            for (int k = group * size; k < (group + 1) * size; k += 4) {
                IntVector v = IntVector.fromArray(I, words, k / 4 * PANEL + lane);
                even = signed(v, 24).fma(FloatVector.broadcast(F, x[k]), even);
                odd = signed(v, 16).fma(FloatVector.broadcast(F, x[k + 1]), odd);
                even = signed(v, 8).fma(FloatVector.broadcast(F, x[k + 2]), even);
                IntVector top = v.lanewise(VectorOperators.ASHR, 24);
                odd = Lanes.floats(top).fma(FloatVector.broadcast(F, x[k + 3]), odd);
            }
            int at = group * PANEL + lane;
            sum = even.add(odd).fma(FloatVector.fromArray(F, scales, at), sum);
            if (w.hasOffsets()) {
                FloatVector offset = FloatVector.fromArray(F, w.offsets()[panel], at);
                sum = offset.fma(FloatVector.broadcast(F, in.sums()[group]), sum);
            }
        }
        Lanes.store(sum, y, to, left);
    }

    static FloatVector signed(IntVector v, int left) {
        IntVector code = v.lanewise(VectorOperators.LSHL, left).lanewise(VectorOperators.ASHR, 24);
        return Lanes.floats(code);
    }
}
