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
 * unpacked in registers: a code is masked where it lies, converted, and multiplied by an input that
 * was scaled to make up for its place ({@link dev.loupe.kernels.Coding}): three instructions for a
 * vector of weights.
 *
 * <p>Each method stores its own sum, since a vector that leaves a method may become an object. And
 * methods stay short: past some sixty to ninety vector operations the compiler stops inlining
 * (NodeCountInliningCutoff), and the rest of them become calls, at a hundredth of the speed.
 */
final class GeneratedProduct {
    private GeneratedProduct() {}

    static void multiply(Weight weight, int from, int to, Activations x, float[] y, int offset) {
        switch (weight) {
            case Weight.Floats w -> {
                for (int panel = from; panel < to; panel++) {
                    floats(w, panel, x, y, offset);
                }
            }
            case Weight.Halves w -> {
                for (int panel = from; panel < to; panel++) {
                    halves(w, panel, x, y, offset);
                }
            }
            case Weight.Codes w -> {
                ScaleScratch scratch = new ScaleScratch(w);
                for (int panel = from; panel < to; panel++) {
                    scratch.widen(w, panel);
                    codes(w, panel, scratch, x, y, offset);
                }
            }
            case Weight.Stack w -> throw new IllegalArgumentException("a stack");
        }
    }

    private static void floats(Weight.Floats w, int panel, Activations x, float[] y, int offset) {
        for (int lane = 0; lane < PANEL; lane += L) {
            int row = panel * PANEL + lane;
            floats(w.data()[panel], lane, w.cols(), x, y, offset + row, w.rows() - row);
        }
    }

    private static void halves(Weight.Halves w, int panel, Activations x, float[] y, int offset) {
        for (int lane = 0; lane < PANEL; lane += L) {
            int row = panel * PANEL + lane;
            if (w.brain()) {
                brains(w.data()[panel], lane, w.cols(), x, y, offset + row, w.rows() - row);
            } else {
                halves(w.data()[panel], lane, w.cols(), x, y, offset + row, w.rows() - row);
            }
        }
    }

    /** One panel of codes, whose scales and offsets are floats by now. */
    static void codes(
            Weight.Codes w, int panel, ScaleScratch wide, Activations x, float[] y, int offset) {
        int[] words = w.codes()[panel];
        float[] scales = wide.scales();
        float[] offsets = wide.offsets();
        int size = w.groupSize();
        for (int lane = 0; lane < PANEL; lane += L) {
            int row = panel * PANEL + lane;
            int left = w.rows() - row;
            int to = offset + row;
            switch (w.coding()) {
                case FOUR_BITS -> fours(words, lane, size, scales, offsets, x, y, to, left);
                case FIVE_BITS -> fives(words, lane, scales, offsets, x, y, to, left);
                case SIX_BITS -> sixes(words, lane, scales, offsets, x, y, to, left);
                case EIGHT_BITS -> eights(words, lane, size, scales, offsets, x, y, to, left);
            }
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

    private static void fours(
            int[] words,
            int lane,
            int size,
            float[] scales,
            float[] offsets,
            Activations in,
            float[] y,
            int to,
            int left) {
        float[] x = in.values();
        float[] starts = in.starts();
        float[] sums = in.sums();
        int groups = sums.length;
        FloatVector sum = FloatVector.zero(F);
        for (int group = 0; group < groups; group++) {
            FloatVector even = FloatVector.broadcast(F, starts[group]);
            FloatVector odd = FloatVector.zero(F);
            for (int k = group * size; k < (group + 1) * size; k += 8) {
                IntVector v = IntVector.fromArray(I, words, k / 8 * PANEL + lane);
                even = Lanes.floats(v.and(0xF)).fma(FloatVector.broadcast(F, x[k]), even);
                odd = Lanes.floats(v.and(0xF0)).fma(FloatVector.broadcast(F, x[k + 1]), odd);
                even = Lanes.floats(v.and(0xF00)).fma(FloatVector.broadcast(F, x[k + 2]), even);
                odd = Lanes.floats(v.and(0xF000)).fma(FloatVector.broadcast(F, x[k + 3]), odd);
                even = Lanes.floats(v.and(0xF0000)).fma(FloatVector.broadcast(F, x[k + 4]), even);
                odd = Lanes.floats(v.and(0xF00000)).fma(FloatVector.broadcast(F, x[k + 5]), odd);
                even = Lanes.floats(v.and(0xF000000)).fma(FloatVector.broadcast(F, x[k + 6]), even);
                odd =
                        Lanes.floats(v.lanewise(VectorOperators.LSHR, 28))
                                .fma(FloatVector.broadcast(F, x[k + 7]), odd);
            }
            int at = group * PANEL + lane;
            sum = even.add(odd).fma(FloatVector.fromArray(F, scales, at), sum);
            if (offsets.length > 0) {
                FloatVector offset = FloatVector.fromArray(F, offsets, at);
                sum = offset.fma(FloatVector.broadcast(F, sums[group]), sum);
            }
        }
        Lanes.store(sum, y, to, left);
    }

    private static void fives(
            int[] words,
            int lane,
            float[] scales,
            float[] offsets,
            Activations in,
            float[] y,
            int to,
            int left) {
        float[] x = in.values();
        float[] starts = in.starts();
        float[] sums = in.sums();
        int groups = sums.length;
        FloatVector sum = FloatVector.zero(F);
        for (int group = 0; group < groups; group++) {
            FloatVector even = FloatVector.broadcast(F, starts[group]);
            FloatVector odd = FloatVector.zero(F);
            IntVector rest = IntVector.zero(I);
            int k = group * 32;
            for (int word = group * 5; word < group * 5 + 5; word++, k += 6) {
                IntVector v = IntVector.fromArray(I, words, word * PANEL + lane);
                even = Lanes.floats(v.and(0x1F)).fma(FloatVector.broadcast(F, x[k]), even);
                odd = Lanes.floats(v.and(0x3E0)).fma(FloatVector.broadcast(F, x[k + 1]), odd);
                even = Lanes.floats(v.and(0x7C00)).fma(FloatVector.broadcast(F, x[k + 2]), even);
                odd = Lanes.floats(v.and(0xF8000)).fma(FloatVector.broadcast(F, x[k + 3]), odd);
                even = Lanes.floats(v.and(0x1F00000)).fma(FloatVector.broadcast(F, x[k + 4]), even);
                odd = Lanes.floats(v.and(0x3E000000)).fma(FloatVector.broadcast(F, x[k + 5]), odd);
                rest = rest.lanewise(VectorOperators.LSHR, 2).or(v.and(0xC0000000));
            }
            // ten bits are at the top now
            IntVector last = rest.lanewise(VectorOperators.LSHR, 27);
            even = Lanes.floats(rest.and(0x7C00000)).fma(FloatVector.broadcast(F, x[k]), even);
            odd = Lanes.floats(last).fma(FloatVector.broadcast(F, x[k + 1]), odd);
            int at = group * PANEL + lane;
            sum = even.add(odd).fma(FloatVector.fromArray(F, scales, at), sum);
            if (offsets.length > 0) {
                FloatVector offset = FloatVector.fromArray(F, offsets, at);
                sum = offset.fma(FloatVector.broadcast(F, sums[group]), sum);
            }
        }
        Lanes.store(sum, y, to, left);
    }

    private static void sixes(
            int[] words,
            int lane,
            float[] scales,
            float[] offsets,
            Activations in,
            float[] y,
            int to,
            int left) {
        float[] x = in.values();
        float[] starts = in.starts();
        float[] sums = in.sums();
        int groups = sums.length;
        FloatVector sum = FloatVector.zero(F);
        for (int group = 0; group < groups; group++) {
            FloatVector even = FloatVector.broadcast(F, starts[group]);
            FloatVector odd = FloatVector.zero(F);
            int k = group * 16;
            int first = group * 3 * PANEL + lane;
            IntVector v0 = IntVector.fromArray(I, words, first);
            even = Lanes.floats(v0.and(0x3F)).fma(FloatVector.broadcast(F, x[k]), even);
            odd = Lanes.floats(v0.and(0xFC0)).fma(FloatVector.broadcast(F, x[k + 1]), odd);
            even = Lanes.floats(v0.and(0x3F000)).fma(FloatVector.broadcast(F, x[k + 2]), even);
            odd = Lanes.floats(v0.and(0xFC0000)).fma(FloatVector.broadcast(F, x[k + 3]), odd);
            even = Lanes.floats(v0.and(0x3F000000)).fma(FloatVector.broadcast(F, x[k + 4]), even);
            IntVector v1 = IntVector.fromArray(I, words, first + PANEL);
            odd = Lanes.floats(v1.and(0x3F)).fma(FloatVector.broadcast(F, x[k + 5]), odd);
            even = Lanes.floats(v1.and(0xFC0)).fma(FloatVector.broadcast(F, x[k + 6]), even);
            odd = Lanes.floats(v1.and(0x3F000)).fma(FloatVector.broadcast(F, x[k + 7]), odd);
            even = Lanes.floats(v1.and(0xFC0000)).fma(FloatVector.broadcast(F, x[k + 8]), even);
            odd = Lanes.floats(v1.and(0x3F000000)).fma(FloatVector.broadcast(F, x[k + 9]), odd);
            IntVector v2 = IntVector.fromArray(I, words, first + 2 * PANEL);
            even = Lanes.floats(v2.and(0x3F)).fma(FloatVector.broadcast(F, x[k + 10]), even);
            odd = Lanes.floats(v2.and(0xFC0)).fma(FloatVector.broadcast(F, x[k + 11]), odd);
            even = Lanes.floats(v2.and(0x3F000)).fma(FloatVector.broadcast(F, x[k + 12]), even);
            odd = Lanes.floats(v2.and(0xFC0000)).fma(FloatVector.broadcast(F, x[k + 13]), odd);
            even = Lanes.floats(v2.and(0x3F000000)).fma(FloatVector.broadcast(F, x[k + 14]), even);
            IntVector high =
                    v2.and(0xC0000000).or(v1.lanewise(VectorOperators.LSHR, 2).and(0x30000000));
            IntVector last =
                    high.or(v0.lanewise(VectorOperators.LSHR, 4).and(0xC000000))
                            .lanewise(VectorOperators.LSHR, 26);
            odd = Lanes.floats(last).fma(FloatVector.broadcast(F, x[k + 15]), odd);
            int at = group * PANEL + lane;
            sum = even.add(odd).fma(FloatVector.fromArray(F, scales, at), sum);
            if (offsets.length > 0) {
                FloatVector offset = FloatVector.fromArray(F, offsets, at);
                sum = offset.fma(FloatVector.broadcast(F, sums[group]), sum);
            }
        }
        Lanes.store(sum, y, to, left);
    }

    private static void eights(
            int[] words,
            int lane,
            int size,
            float[] scales,
            float[] offsets,
            Activations in,
            float[] y,
            int to,
            int left) {
        float[] x = in.values();
        float[] starts = in.starts();
        float[] sums = in.sums();
        int groups = sums.length;
        FloatVector sum = FloatVector.zero(F);
        for (int group = 0; group < groups; group++) {
            FloatVector even = FloatVector.broadcast(F, starts[group]);
            FloatVector odd = FloatVector.zero(F);
            for (int k = group * size; k < (group + 1) * size; k += 4) {
                IntVector v = IntVector.fromArray(I, words, k / 4 * PANEL + lane);
                even = Lanes.floats(v.and(0xFF)).fma(FloatVector.broadcast(F, x[k]), even);
                odd = Lanes.floats(v.and(0xFF00)).fma(FloatVector.broadcast(F, x[k + 1]), odd);
                even = Lanes.floats(v.and(0xFF0000)).fma(FloatVector.broadcast(F, x[k + 2]), even);
                odd =
                        Lanes.floats(v.lanewise(VectorOperators.LSHR, 24))
                                .fma(FloatVector.broadcast(F, x[k + 3]), odd);
            }
            int at = group * PANEL + lane;
            sum = even.add(odd).fma(FloatVector.fromArray(F, scales, at), sum);
            if (offsets.length > 0) {
                FloatVector offset = FloatVector.fromArray(F, offsets, at);
                sum = offset.fma(FloatVector.broadcast(F, sums[group]), sum);
            }
        }
        Lanes.store(sum, y, to, left);
    }
}
