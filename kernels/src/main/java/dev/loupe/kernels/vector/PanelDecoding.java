package dev.loupe.kernels.vector;

import static dev.loupe.kernels.Weight.PANEL;
import static dev.loupe.kernels.vector.Lanes.F;
import static dev.loupe.kernels.vector.Lanes.I;
import static dev.loupe.kernels.vector.Lanes.L;

import dev.loupe.kernels.Weight;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

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
                for (int lane = 0; lane < PANEL; lane += L) {
                    if (w.bits() == 4) {
                        nibbles(w, panel, lane, out, offset + lane);
                    } else {
                        bytes(w, panel, lane, out, offset + lane);
                    }
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

    private static void nibbles(Weight.Codes w, int panel, int lane, float[] out, int to) {
        int[] words = w.codes()[panel];
        for (int group = 0; group * w.groupSize() < w.cols(); group++) {
            int at = group * PANEL + lane;
            FloatVector scale = FloatVector.fromArray(F, w.scales()[panel], at);
            FloatVector offset = FloatVector.fromArray(F, w.offsets()[panel], at);
            for (int k = group * w.groupSize(); k < (group + 1) * w.groupSize(); k += 8) {
                IntVector word = IntVector.fromArray(I, words, k / 8 * PANEL + lane);
                for (int j = 0; j < 8; j++) {
                    IntVector code = word.lanewise(VectorOperators.LSHR, 4 * j).and(0xF);
                    Lanes.floats(code).mul(scale).add(offset).intoArray(out, to + (k + j) * PANEL);
                }
            }
        }
    }

    private static void bytes(Weight.Codes w, int panel, int lane, float[] out, int to) {
        int[] words = w.codes()[panel];
        for (int group = 0; group * w.groupSize() < w.cols(); group++) {
            int at = group * PANEL + lane;
            FloatVector scale = FloatVector.fromArray(F, w.scales()[panel], at);
            FloatVector offset =
                    w.hasOffsets() ? FloatVector.fromArray(F, w.offsets()[panel], at) : scale;
            for (int k = group * w.groupSize(); k < (group + 1) * w.groupSize(); k += 4) {
                IntVector word = IntVector.fromArray(I, words, k / 4 * PANEL + lane);
                for (int j = 0; j < 4; j++) {
                    IntVector code =
                            word.lanewise(VectorOperators.LSHL, 24 - 8 * j)
                                    .lanewise(VectorOperators.ASHR, 24);
                    FloatVector number = Lanes.floats(code).mul(scale);
                    (w.hasOffsets() ? number.add(offset) : number)
                            .intoArray(out, to + (k + j) * PANEL);
                }
            }
        }
    }
}
