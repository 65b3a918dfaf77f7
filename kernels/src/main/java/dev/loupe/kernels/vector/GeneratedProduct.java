package dev.loupe.kernels.vector;

import static dev.loupe.kernels.Weight.PANEL;
import static dev.loupe.kernels.vector.Halves.HALF;
import static dev.loupe.kernels.vector.Halves.REBIAS;
import static dev.loupe.kernels.vector.Lanes.F;
import static dev.loupe.kernels.vector.Lanes.I;
import static dev.loupe.kernels.vector.Lanes.L;

import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import dev.loupe.kernels.Activations;
import dev.loupe.kernels.Weight;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * Panels as they are stored times one token. What limits it is reading the weights, so they are
 * unpacked in registers: a code is masked where it lies, converted, and multiplied by an input that
 * was scaled to make up for its place ({@link dev.loupe.kernels.Coding}): three instructions for a
 * vector of weights.
 *
 * <p>Each method stores its own sum, since a vector that leaves a method may become an object. For
 * the same reason nothing here is taken out into methods of our own: one that the JIT has compiled
 * by itself meanwhile is no longer inlined. And methods stay short: past some sixty to ninety
 * vector operations the compiler stops inlining (NodeCountInliningCutoff), and the rest become
 * calls, at a hundredth of the speed.
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
                ScaleScratch scratch = ScaleScratch.ofThread(w);
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
        float[] out = wide.out();
        int size = w.groupSize();
        for (int lane = 0; lane < PANEL; lane += L) {
            switch (w.coding()) {
                case FOUR_BITS -> fours(words, lane, size, scales, offsets, x, out);
                case FIVE_BITS -> fives(words, lane, scales, offsets, x, out);
                case SIX_BITS -> sixes(words, lane, scales, offsets, x, out);
                case EIGHT_BITS -> eights(words, lane, size, scales, offsets, x, out);
            }
        }
        int row = panel * PANEL;
        System.arraycopy(out, 0, y, offset + row, Math.min(PANEL, w.rows() - row));
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
            s1 =
                    FloatVector.fromArray(F, w, at + PANEL)
                            .fma(FloatVector.broadcast(F, in[k + 1]), s1);
            s2 =
                    FloatVector.fromArray(F, w, at + 2 * PANEL)
                            .fma(FloatVector.broadcast(F, in[k + 2]), s2);
            s3 =
                    FloatVector.fromArray(F, w, at + 3 * PANEL)
                            .fma(FloatVector.broadcast(F, in[k + 3]), s3);
        }
        for (; k < cols; k++, at += PANEL) {
            s0 = FloatVector.fromArray(F, w, at).fma(FloatVector.broadcast(F, in[k]), s0);
        }
        Lanes.store(s0.add(s1).add(s2.add(s3)), y, to, left);
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
            s0 =
                    u.lanewise(LSHL, 16)
                            .lanewise(ASHR, 3)
                            .and(HALF)
                            .reinterpretAsFloats()
                            .mul(REBIAS)
                            .fma(FloatVector.broadcast(F, in[k]), s0);
            s1 =
                    u.lanewise(ASHR, 3)
                            .and(HALF)
                            .reinterpretAsFloats()
                            .mul(REBIAS)
                            .fma(FloatVector.broadcast(F, in[k + 1]), s1);
            s2 =
                    v.lanewise(LSHL, 16)
                            .lanewise(ASHR, 3)
                            .and(HALF)
                            .reinterpretAsFloats()
                            .mul(REBIAS)
                            .fma(FloatVector.broadcast(F, in[k + 2]), s2);
            s3 =
                    v.lanewise(ASHR, 3)
                            .and(HALF)
                            .reinterpretAsFloats()
                            .mul(REBIAS)
                            .fma(FloatVector.broadcast(F, in[k + 3]), s3);
        }
        if (k < cols) {
            IntVector u = IntVector.fromArray(I, w, at);
            s0 =
                    u.lanewise(LSHL, 16)
                            .lanewise(ASHR, 3)
                            .and(HALF)
                            .reinterpretAsFloats()
                            .mul(REBIAS)
                            .fma(FloatVector.broadcast(F, in[k]), s0);
            s1 =
                    u.lanewise(ASHR, 3)
                            .and(HALF)
                            .reinterpretAsFloats()
                            .mul(REBIAS)
                            .fma(FloatVector.broadcast(F, in[k + 1]), s1);
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
            s0 =
                    u.lanewise(LSHL, 16)
                            .reinterpretAsFloats()
                            .fma(FloatVector.broadcast(F, in[k]), s0);
            s1 =
                    u.and(0xFFFF0000)
                            .reinterpretAsFloats()
                            .fma(FloatVector.broadcast(F, in[k + 1]), s1);
            s2 =
                    v.lanewise(LSHL, 16)
                            .reinterpretAsFloats()
                            .fma(FloatVector.broadcast(F, in[k + 2]), s2);
            s3 =
                    v.and(0xFFFF0000)
                            .reinterpretAsFloats()
                            .fma(FloatVector.broadcast(F, in[k + 3]), s3);
        }
        if (k < cols) {
            IntVector u = IntVector.fromArray(I, w, at);
            s0 =
                    u.lanewise(LSHL, 16)
                            .reinterpretAsFloats()
                            .fma(FloatVector.broadcast(F, in[k]), s0);
            s1 =
                    u.and(0xFFFF0000)
                            .reinterpretAsFloats()
                            .fma(FloatVector.broadcast(F, in[k + 1]), s1);
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
            float[] out) {
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
                even =
                        ((FloatVector) v.and(0xF).convert(I2F, 0))
                                .fma(FloatVector.broadcast(F, x[k]), even);
                odd =
                        ((FloatVector) v.and(0xF0).convert(I2F, 0))
                                .fma(FloatVector.broadcast(F, x[k + 1]), odd);
                even =
                        ((FloatVector) v.and(0xF00).convert(I2F, 0))
                                .fma(FloatVector.broadcast(F, x[k + 2]), even);
                odd =
                        ((FloatVector) v.and(0xF000).convert(I2F, 0))
                                .fma(FloatVector.broadcast(F, x[k + 3]), odd);
                even =
                        ((FloatVector) v.and(0xF0000).convert(I2F, 0))
                                .fma(FloatVector.broadcast(F, x[k + 4]), even);
                odd =
                        ((FloatVector) v.and(0xF00000).convert(I2F, 0))
                                .fma(FloatVector.broadcast(F, x[k + 5]), odd);
                even =
                        ((FloatVector) v.and(0xF000000).convert(I2F, 0))
                                .fma(FloatVector.broadcast(F, x[k + 6]), even);
                odd =
                        ((FloatVector) v.lanewise(LSHR, 28).convert(I2F, 0))
                                .fma(FloatVector.broadcast(F, x[k + 7]), odd);
            }
            int at = group * PANEL + lane;
            sum = even.add(odd).fma(FloatVector.fromArray(F, scales, at), sum);
            if (offsets.length > 0) {
                FloatVector offset = FloatVector.fromArray(F, offsets, at);
                sum = offset.fma(FloatVector.broadcast(F, sums[group]), sum);
            }
        }
        sum.intoArray(out, lane);
    }

    private static void fives(
            int[] words, int lane, float[] scales, float[] offsets, Activations in, float[] out) {
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
                even =
                        ((FloatVector) v.and(0x1F).convert(I2F, 0))
                                .fma(FloatVector.broadcast(F, x[k]), even);
                odd =
                        ((FloatVector) v.and(0x3E0).convert(I2F, 0))
                                .fma(FloatVector.broadcast(F, x[k + 1]), odd);
                even =
                        ((FloatVector) v.and(0x7C00).convert(I2F, 0))
                                .fma(FloatVector.broadcast(F, x[k + 2]), even);
                odd =
                        ((FloatVector) v.and(0xF8000).convert(I2F, 0))
                                .fma(FloatVector.broadcast(F, x[k + 3]), odd);
                even =
                        ((FloatVector) v.and(0x1F00000).convert(I2F, 0))
                                .fma(FloatVector.broadcast(F, x[k + 4]), even);
                odd =
                        ((FloatVector) v.and(0x3E000000).convert(I2F, 0))
                                .fma(FloatVector.broadcast(F, x[k + 5]), odd);
                rest = rest.lanewise(LSHR, 2).or(v.and(0xC0000000));
            }
            // ten bits are at the top now
            IntVector last = rest.lanewise(LSHR, 27);
            even =
                    ((FloatVector) rest.and(0x7C00000).convert(I2F, 0))
                            .fma(FloatVector.broadcast(F, x[k]), even);
            odd = ((FloatVector) last.convert(I2F, 0)).fma(FloatVector.broadcast(F, x[k + 1]), odd);
            int at = group * PANEL + lane;
            sum = even.add(odd).fma(FloatVector.fromArray(F, scales, at), sum);
            if (offsets.length > 0) {
                FloatVector offset = FloatVector.fromArray(F, offsets, at);
                sum = offset.fma(FloatVector.broadcast(F, sums[group]), sum);
            }
        }
        sum.intoArray(out, lane);
    }

    private static void sixes(
            int[] words, int lane, float[] scales, float[] offsets, Activations in, float[] out) {
        float[] x = in.values();
        float[] starts = in.starts();
        float[] sums = in.sums();
        int groups = sums.length;
        FloatVector sum = FloatVector.zero(F);
        for (int group = 0; group < groups; group++) {
            FloatVector even = FloatVector.broadcast(F, starts[group]);
            FloatVector odd = FloatVector.zero(F);
            IntVector rest = IntVector.zero(I);
            int k = group * 16;
            for (int word = group * 3; word < group * 3 + 3; word++, k += 4) {
                IntVector v = IntVector.fromArray(I, words, word * PANEL + lane);
                even =
                        ((FloatVector) v.and(0x3F).convert(I2F, 0))
                                .fma(FloatVector.broadcast(F, x[k]), even);
                odd =
                        ((FloatVector) v.and(0xFC0).convert(I2F, 0))
                                .fma(FloatVector.broadcast(F, x[k + 1]), odd);
                even =
                        ((FloatVector) v.and(0x3F000).convert(I2F, 0))
                                .fma(FloatVector.broadcast(F, x[k + 2]), even);
                odd =
                        ((FloatVector) v.and(0xFC0000).convert(I2F, 0))
                                .fma(FloatVector.broadcast(F, x[k + 3]), odd);
                rest = rest.lanewise(LSHR, 8).or(v.and(0xFF000000));
            }
            // three codes with two bits of the last one above each
            even =
                    ((FloatVector) rest.and(0x3F00).convert(I2F, 0))
                            .fma(FloatVector.broadcast(F, x[k]), even);
            odd =
                    ((FloatVector) rest.and(0x3F0000).convert(I2F, 0))
                            .fma(FloatVector.broadcast(F, x[k + 1]), odd);
            even =
                    ((FloatVector) rest.and(0x3F000000).convert(I2F, 0))
                            .fma(FloatVector.broadcast(F, x[k + 2]), even);
            IntVector low = rest.lanewise(LSHR, 14).and(3);
            IntVector middle = rest.lanewise(LSHR, 20).and(0xC);
            IntVector high = rest.lanewise(LSHR, 26).and(0x30);
            IntVector last = low.or(middle).or(high);
            odd = ((FloatVector) last.convert(I2F, 0)).fma(FloatVector.broadcast(F, x[k + 3]), odd);
            int at = group * PANEL + lane;
            sum = even.add(odd).fma(FloatVector.fromArray(F, scales, at), sum);
            if (offsets.length > 0) {
                FloatVector offset = FloatVector.fromArray(F, offsets, at);
                sum = offset.fma(FloatVector.broadcast(F, sums[group]), sum);
            }
        }
        sum.intoArray(out, lane);
    }

    private static void eights(
            int[] words,
            int lane,
            int size,
            float[] scales,
            float[] offsets,
            Activations in,
            float[] out) {
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
                even =
                        ((FloatVector) v.and(0xFF).convert(I2F, 0))
                                .fma(FloatVector.broadcast(F, x[k]), even);
                odd =
                        ((FloatVector) v.and(0xFF00).convert(I2F, 0))
                                .fma(FloatVector.broadcast(F, x[k + 1]), odd);
                even =
                        ((FloatVector) v.and(0xFF0000).convert(I2F, 0))
                                .fma(FloatVector.broadcast(F, x[k + 2]), even);
                odd =
                        ((FloatVector) v.lanewise(LSHR, 24).convert(I2F, 0))
                                .fma(FloatVector.broadcast(F, x[k + 3]), odd);
            }
            int at = group * PANEL + lane;
            sum = even.add(odd).fma(FloatVector.fromArray(F, scales, at), sum);
            if (offsets.length > 0) {
                FloatVector offset = FloatVector.fromArray(F, offsets, at);
                sum = offset.fma(FloatVector.broadcast(F, sums[group]), sum);
            }
        }
        sum.intoArray(out, lane);
    }
}
