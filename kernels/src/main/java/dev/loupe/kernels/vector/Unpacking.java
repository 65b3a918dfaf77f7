package dev.loupe.kernels.vector;

import static dev.loupe.kernels.Weight.PANEL;
import static dev.loupe.kernels.vector.Lanes.F;
import static dev.loupe.kernels.vector.Lanes.I;

import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHR;

import dev.loupe.kernels.Weight;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * Codes to floats, for several tokens to share. Loops over the codes of an int use a variable
 * shift: this is not where time goes.
 */
final class Unpacking {
    private Unpacking() {}

    /**
     * The codes of {@code n} columns from {@code k} on, whole runs, to {@code out[(column - k) *
     * step + to]} and the lanes after it.
     */
    static void codes(
            Weight.Codes w, int panel, int lane, int k, int n, float[] out, int to, int step) {
        int[] words = w.codes()[panel];
        switch (w.coding()) {
            case FOUR_BITS -> equal(words, lane, 4, 8, k, n, out, to, step);
            case FIVE_BITS -> fives(words, lane, k, n, out, to, step);
            case SIX_BITS -> sixes(words, lane, k, n, out, to, step);
            case EIGHT_BITS -> equal(words, lane, 8, 4, k, n, out, to, step);
        }
    }

    private static void equal(
            int[] words,
            int lane,
            int bits,
            int perInt,
            int k,
            int n,
            float[] out,
            int to,
            int step) {
        int mask = (1 << bits) - 1;
        for (int i = 0; i < n; i += perInt) {
            IntVector v = IntVector.fromArray(I, words, (k + i) / perInt * PANEL + lane);
            for (int j = 0; j < perInt; j++) {
                IntVector code = v.lanewise(LSHR, bits * j).and(mask);
                ((FloatVector) code.convert(I2F, 0)).intoArray(out, to + (i + j) * step);
            }
        }
    }

    private static void fives(int[] words, int lane, int k, int n, float[] out, int to, int step) {
        for (int i = 0; i < n; i += 32) {
            IntVector rest = IntVector.zero(I);
            int word = (k + i) / 32 * 5 * PANEL + lane;
            for (int w = 0; w < 5; w++) {
                IntVector v = IntVector.fromArray(I, words, word + w * PANEL);
                for (int j = 0; j < 6; j++) {
                    IntVector code = v.lanewise(LSHR, 5 * j).and(0x1F);
                    ((FloatVector) code.convert(I2F, 0))
                            .intoArray(out, to + (i + 6 * w + j) * step);
                }
                rest = rest.lanewise(LSHR, 2).or(v.and(0xC0000000));
            }
            IntVector first = rest.lanewise(LSHR, 22).and(0x1F);
            ((FloatVector) first.convert(I2F, 0)).intoArray(out, to + (i + 30) * step);
            IntVector last = rest.lanewise(LSHR, 27);
            ((FloatVector) last.convert(I2F, 0)).intoArray(out, to + (i + 31) * step);
        }
    }

    private static void sixes(int[] words, int lane, int k, int n, float[] out, int to, int step) {
        for (int i = 0; i < n; i += 16) {
            IntVector rest = IntVector.zero(I);
            int word = (k + i) / 16 * 3 * PANEL + lane;
            for (int w = 0; w < 3; w++) {
                IntVector v = IntVector.fromArray(I, words, word + w * PANEL);
                for (int j = 0; j < 4; j++) {
                    IntVector code = v.lanewise(LSHR, 6 * j).and(0x3F);
                    ((FloatVector) code.convert(I2F, 0))
                            .intoArray(out, to + (i + 4 * w + j) * step);
                }
                IntVector fifth = v.lanewise(LSHR, 24).and(0x3F);
                ((FloatVector) fifth.convert(I2F, 0)).intoArray(out, to + (i + 12 + w) * step);
                rest = rest.lanewise(LSHR, 2).or(v.and(0xC0000000));
            }
            IntVector last = rest.lanewise(LSHR, 26);
            ((FloatVector) last.convert(I2F, 0)).intoArray(out, to + (i + 15) * step);
        }
    }

    /** Codes become numbers, {@code scale * (code - zero) + offset}. */
    static void scale(Weight.Codes w, ScaleScratch wide, int lane, float[] out, int to) {
        FloatVector zero = FloatVector.broadcast(F, w.zero());
        for (int group = 0; group < w.groups(); group++) {
            int at = group * PANEL + lane;
            FloatVector scale = FloatVector.fromArray(F, wide.scales(), at);
            int first = to + group * w.groupSize() * PANEL;
            int end = first + w.groupSize() * PANEL;
            if (w.offsets().present()) {
                FloatVector offset = FloatVector.fromArray(F, wide.offsets(), at);
                for (int i = first; i < end; i += PANEL) {
                    FloatVector code = FloatVector.fromArray(F, out, i).sub(zero);
                    code.mul(scale).add(offset).intoArray(out, i);
                }
            } else {
                for (int i = first; i < end; i += PANEL) {
                    FloatVector code = FloatVector.fromArray(F, out, i).sub(zero);
                    code.mul(scale).intoArray(out, i);
                }
            }
        }
    }
}
