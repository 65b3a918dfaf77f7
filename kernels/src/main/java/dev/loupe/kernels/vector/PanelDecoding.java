package dev.loupe.kernels.vector;

import static dev.loupe.kernels.Weight.PANEL;
import static dev.loupe.kernels.vector.Lanes.I;
import static dev.loupe.kernels.vector.Lanes.L;

import dev.loupe.kernels.Weight;

import jdk.incubator.vector.IntVector;

/** Panels to floats. */
final class PanelDecoding {
    private PanelDecoding() {}

    static void decode(Weight weight, int panel, float[] out, int offset) {
        switch (weight) {
            case Weight.Floats w ->
                    System.arraycopy(w.data()[panel], 0, out, offset, w.cols() * PANEL);
            case Weight.Halves w -> {
                for (int lane = 0; lane < PANEL; lane += L) {
                    halves(w.data()[panel], lane, w.brain(), w.cols(), out, offset + lane);
                }
            }
            case Weight.Codes w -> {
                ScaleScratch wide = ScaleScratch.ofThread(w);
                wide.widen(w, panel);
                for (int lane = 0; lane < PANEL; lane += L) {
                    Unpacking.codes(w, panel, lane, 0, w.cols(), out, offset + lane, PANEL);
                    Unpacking.scale(w, wide, lane, out, offset + lane);
                }
            }
            case Weight.Stack w -> throw new IllegalArgumentException("a stack");
        }
    }

    private static void halves(int[] pairs, int at, boolean brain, int cols, float[] out, int to) {
        for (int k = 0; k < cols; k += 2) {
            IntVector pair = IntVector.fromArray(I, pairs, at + k / 2 * PANEL);
            Halves.low(pair, brain).intoArray(out, to + k * PANEL);
            if (k + 1 < cols) {
                Halves.high(pair, brain).intoArray(out, to + (k + 1) * PANEL);
            }
        }
    }
}
