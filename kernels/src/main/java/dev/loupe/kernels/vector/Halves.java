package dev.loupe.kernels.vector;

import static dev.loupe.kernels.Weight.PANEL;
import static dev.loupe.kernels.vector.Lanes.I;
import static dev.loupe.kernels.vector.Lanes.L;

import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.LSHL;

import jdk.incubator.vector.IntVector;

/**
 * Two 16-bit floats in every int lane. A half's exponent and fraction, moved to where a float has
 * them, are that number times 2^-112; halves that are NaN or infinite are refused when weights
 * load.
 */
final class Halves {
    /** Sign, exponent and fraction of a half after a shift by three. */
    static final int HALF = 0x8FFFE000;

    static final float REBIAS = 0x1p112f;

    private Halves() {}

    /**
     * Sixteen lanes of pairs to floats.
     *
     * @param pairs {@code [n / 2][16]}, the first of each pair in the low half
     * @param n how many floats a lane has; if it is odd, the last pair is half used
     * @param out receives {@code [n][16]} from {@code to} on
     */
    static void widen(boolean brain, int[] pairs, int n, float[] out, int to) {
        for (int lane = 0; lane < PANEL; lane += L) {
            if (brain) {
                brains(pairs, lane, n, out, to + lane);
            } else {
                halves(pairs, lane, n, out, to + lane);
            }
        }
    }

    private static void halves(int[] pairs, int lane, int n, float[] out, int to) {
        for (int k = 0; k < n; k += 2) {
            IntVector pair = IntVector.fromArray(I, pairs, k / 2 * PANEL + lane);
            pair.lanewise(LSHL, 16)
                    .lanewise(ASHR, 3)
                    .and(HALF)
                    .reinterpretAsFloats()
                    .mul(REBIAS)
                    .intoArray(out, to + k * PANEL);
            if (k + 1 < n) {
                pair.lanewise(ASHR, 3)
                        .and(HALF)
                        .reinterpretAsFloats()
                        .mul(REBIAS)
                        .intoArray(out, to + (k + 1) * PANEL);
            }
        }
    }

    private static void brains(int[] pairs, int lane, int n, float[] out, int to) {
        for (int k = 0; k < n; k += 2) {
            IntVector pair = IntVector.fromArray(I, pairs, k / 2 * PANEL + lane);
            pair.lanewise(LSHL, 16).reinterpretAsFloats().intoArray(out, to + k * PANEL);
            if (k + 1 < n) {
                pair.and(0xFFFF0000).reinterpretAsFloats().intoArray(out, to + (k + 1) * PANEL);
            }
        }
    }
}
