package dev.loupe.kernels.vector;

import static dev.loupe.kernels.Weight.PANEL;
import static dev.loupe.kernels.vector.Lanes.F;
import static dev.loupe.kernels.vector.Lanes.I;
import static dev.loupe.kernels.vector.Lanes.ORDER;

import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHR;

import dev.loupe.kernels.Weight;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

import java.lang.foreign.MemorySegment;

/** Codes to floats, for several tokens to share. */
final class Unpacking {
    /** Bytes from a column's codes to those of the next, where they lie outside of the heap. */
    static final int COLUMN = 64;

    private Unpacking() {}

    /**
     * The codes of {@code n} columns from {@code k} on, whole runs, to byte {@code to} of {@code
     * out} and on, 64 bytes a column, each as large as it is where it lies: for inputs that were
     * scaled to make up for that ({@link dev.loupe.kernels.Coding}).
     */
    static void whereTheyLie(
            Weight.Codes w, int panel, int lane, int k, int n, MemorySegment out, int to) {
        int[] words = w.codes()[panel];
        switch (w.coding()) {
            case FOUR_BITS -> fours(words, k / 8 * PANEL + lane, n, out, to);
            case FIVE_BITS -> fives(words, k / 32 * 5 * PANEL + lane, n, out, to);
            case SIX_BITS -> sixes(words, k / 16 * 3 * PANEL + lane, n, out, to);
            case EIGHT_BITS -> eights(words, k / 4 * PANEL + lane, n, out, to);
        }
    }

    private static void fours(int[] words, int first, int n, MemorySegment out, int to) {
        for (int i = 0; i < n; i += 8) {
            IntVector v = IntVector.fromArray(I, words, first + i * (PANEL / 8));
            int at = to + COLUMN * i;
            ((FloatVector) v.and(0xF).convert(I2F, 0)).intoMemorySegment(out, at, ORDER);
            ((FloatVector) v.and(0xF0).convert(I2F, 0)).intoMemorySegment(out, at + COLUMN, ORDER);
            ((FloatVector) v.and(0xF00).convert(I2F, 0))
                    .intoMemorySegment(out, at + 2 * COLUMN, ORDER);
            ((FloatVector) v.and(0xF000).convert(I2F, 0))
                    .intoMemorySegment(out, at + 3 * COLUMN, ORDER);
            ((FloatVector) v.and(0xF0000).convert(I2F, 0))
                    .intoMemorySegment(out, at + 4 * COLUMN, ORDER);
            ((FloatVector) v.and(0xF00000).convert(I2F, 0))
                    .intoMemorySegment(out, at + 5 * COLUMN, ORDER);
            ((FloatVector) v.and(0xF000000).convert(I2F, 0))
                    .intoMemorySegment(out, at + 6 * COLUMN, ORDER);
            ((FloatVector) v.lanewise(LSHR, 28).convert(I2F, 0))
                    .intoMemorySegment(out, at + 7 * COLUMN, ORDER);
        }
    }

    private static void eights(int[] words, int first, int n, MemorySegment out, int to) {
        for (int i = 0; i < n; i += 4) {
            IntVector v = IntVector.fromArray(I, words, first + i * (PANEL / 4));
            int at = to + COLUMN * i;
            ((FloatVector) v.and(0xFF).convert(I2F, 0)).intoMemorySegment(out, at, ORDER);
            ((FloatVector) v.and(0xFF00).convert(I2F, 0))
                    .intoMemorySegment(out, at + COLUMN, ORDER);
            ((FloatVector) v.and(0xFF0000).convert(I2F, 0))
                    .intoMemorySegment(out, at + 2 * COLUMN, ORDER);
            ((FloatVector) v.lanewise(LSHR, 24).convert(I2F, 0))
                    .intoMemorySegment(out, at + 3 * COLUMN, ORDER);
        }
    }

    private static void fives(int[] words, int first, int n, MemorySegment out, int to) {
        int word = first;
        for (int at = to; at < to + n * COLUMN; at += 32 * COLUMN) {
            IntVector rest = IntVector.zero(I);
            for (int i = at; i < at + 30 * COLUMN; i += 6 * COLUMN) {
                IntVector v = IntVector.fromArray(I, words, word);
                ((FloatVector) v.and(0x1F).convert(I2F, 0)).intoMemorySegment(out, i, ORDER);
                ((FloatVector) v.and(0x3E0).convert(I2F, 0))
                        .intoMemorySegment(out, i + COLUMN, ORDER);
                ((FloatVector) v.and(0x7C00).convert(I2F, 0))
                        .intoMemorySegment(out, i + 2 * COLUMN, ORDER);
                ((FloatVector) v.and(0xF8000).convert(I2F, 0))
                        .intoMemorySegment(out, i + 3 * COLUMN, ORDER);
                ((FloatVector) v.and(0x1F00000).convert(I2F, 0))
                        .intoMemorySegment(out, i + 4 * COLUMN, ORDER);
                ((FloatVector) v.and(0x3E000000).convert(I2F, 0))
                        .intoMemorySegment(out, i + 5 * COLUMN, ORDER);
                rest = rest.lanewise(LSHR, 2).or(v.and(0xC0000000));
                word += PANEL;
            }
            // ten bits are at the top now
            ((FloatVector) rest.and(0x7C00000).convert(I2F, 0))
                    .intoMemorySegment(out, at + 30 * COLUMN, ORDER);
            ((FloatVector) rest.lanewise(LSHR, 27).convert(I2F, 0))
                    .intoMemorySegment(out, at + 31 * COLUMN, ORDER);
        }
    }

    private static void sixes(int[] words, int first, int n, MemorySegment out, int to) {
        int word = first;
        for (int at = to; at < to + n * COLUMN; at += 16 * COLUMN) {
            IntVector rest = IntVector.zero(I);
            for (int i = at; i < at + 12 * COLUMN; i += 4 * COLUMN) {
                IntVector v = IntVector.fromArray(I, words, word);
                ((FloatVector) v.and(0x3F).convert(I2F, 0)).intoMemorySegment(out, i, ORDER);
                ((FloatVector) v.and(0xFC0).convert(I2F, 0))
                        .intoMemorySegment(out, i + COLUMN, ORDER);
                ((FloatVector) v.and(0x3F000).convert(I2F, 0))
                        .intoMemorySegment(out, i + 2 * COLUMN, ORDER);
                ((FloatVector) v.and(0xFC0000).convert(I2F, 0))
                        .intoMemorySegment(out, i + 3 * COLUMN, ORDER);
                rest = rest.lanewise(LSHR, 8).or(v.and(0xFF000000));
                word += PANEL;
            }
            // three codes with two bits of the last one above each
            ((FloatVector) rest.and(0x3F00).convert(I2F, 0))
                    .intoMemorySegment(out, at + 12 * COLUMN, ORDER);
            ((FloatVector) rest.and(0x3F0000).convert(I2F, 0))
                    .intoMemorySegment(out, at + 13 * COLUMN, ORDER);
            ((FloatVector) rest.and(0x3F000000).convert(I2F, 0))
                    .intoMemorySegment(out, at + 14 * COLUMN, ORDER);
            IntVector last = rest.lanewise(LSHR, 14).and(3);
            last = last.or(rest.lanewise(LSHR, 20).and(0xC));
            last = last.or(rest.lanewise(LSHR, 26).and(0x30));
            ((FloatVector) last.convert(I2F, 0)).intoMemorySegment(out, at + 15 * COLUMN, ORDER);
        }
    }

    /**
     * All codes of a panel, as they are, to {@code out[column * 16 + to]} and the lanes after it.
     * Loops over the codes of an int use a variable shift: this is not where time goes.
     */
    static void codes(Weight.Codes w, int panel, int lane, float[] out, int to) {
        int[] words = w.codes()[panel];
        int n = w.cols();
        switch (w.coding()) {
            case FOUR_BITS -> equal(words, lane, 4, 8, n, out, to);
            case FIVE_BITS -> fives(words, lane, n, out, to);
            case SIX_BITS -> sixes(words, lane, n, out, to);
            case EIGHT_BITS -> equal(words, lane, 8, 4, n, out, to);
        }
    }

    private static void equal(
            int[] words, int lane, int bits, int perInt, int n, float[] out, int to) {
        int mask = (1 << bits) - 1;
        for (int i = 0; i < n; i += perInt) {
            IntVector v = IntVector.fromArray(I, words, i / perInt * PANEL + lane);
            for (int j = 0; j < perInt; j++) {
                IntVector code = v.lanewise(LSHR, bits * j).and(mask);
                ((FloatVector) code.convert(I2F, 0)).intoArray(out, to + (i + j) * PANEL);
            }
        }
    }

    private static void fives(int[] words, int lane, int n, float[] out, int to) {
        for (int i = 0; i < n; i += 32) {
            IntVector rest = IntVector.zero(I);
            int word = i / 32 * 5 * PANEL + lane;
            for (int w = 0; w < 5; w++) {
                IntVector v = IntVector.fromArray(I, words, word + w * PANEL);
                for (int j = 0; j < 6; j++) {
                    IntVector code = v.lanewise(LSHR, 5 * j).and(0x1F);
                    ((FloatVector) code.convert(I2F, 0))
                            .intoArray(out, to + (i + 6 * w + j) * PANEL);
                }
                rest = rest.lanewise(LSHR, 2).or(v.and(0xC0000000));
            }
            IntVector first = rest.lanewise(LSHR, 22).and(0x1F);
            ((FloatVector) first.convert(I2F, 0)).intoArray(out, to + (i + 30) * PANEL);
            IntVector last = rest.lanewise(LSHR, 27);
            ((FloatVector) last.convert(I2F, 0)).intoArray(out, to + (i + 31) * PANEL);
        }
    }

    private static void sixes(int[] words, int lane, int n, float[] out, int to) {
        for (int i = 0; i < n; i += 16) {
            IntVector rest = IntVector.zero(I);
            int word = i / 16 * 3 * PANEL + lane;
            for (int w = 0; w < 3; w++) {
                IntVector v = IntVector.fromArray(I, words, word + w * PANEL);
                for (int j = 0; j < 4; j++) {
                    IntVector code = v.lanewise(LSHR, 6 * j).and(0x3F);
                    ((FloatVector) code.convert(I2F, 0))
                            .intoArray(out, to + (i + 4 * w + j) * PANEL);
                }
                IntVector fifth = v.lanewise(LSHR, 24).and(0x3F);
                ((FloatVector) fifth.convert(I2F, 0)).intoArray(out, to + (i + 12 + w) * PANEL);
                rest = rest.lanewise(LSHR, 2).or(v.and(0xC0000000));
            }
            IntVector last = rest.lanewise(LSHR, 26);
            ((FloatVector) last.convert(I2F, 0)).intoArray(out, to + (i + 15) * PANEL);
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
