package dev.loupe.kernels.vector;

import static dev.loupe.kernels.Weight.PANEL;
import static dev.loupe.kernels.vector.Lanes.L;

import dev.loupe.kernels.Weight;

/** Panels to floats. */
final class PanelDecoding {
    private PanelDecoding() {}

    static void decode(Weight weight, int panel, float[] out, int offset) {
        switch (weight) {
            case Weight.Floats w ->
                    System.arraycopy(w.data()[panel], 0, out, offset, w.cols() * PANEL);
            case Weight.Halves w -> Halves.widen(w.brain(), w.data()[panel], w.cols(), out, offset);
            case Weight.Codes w -> {
                ScaleScratch wide = ScaleScratch.ofThread(w);
                wide.widen(w, panel, 0);
                for (int lane = 0; lane < PANEL; lane += L) {
                    Unpacking.codes(w, panel, lane, out, offset + lane);
                    Unpacking.scale(w, wide, lane, out, offset + lane);
                }
            }
            case Weight.Stack w -> throw new IllegalArgumentException("a stack");
        }
    }
}
