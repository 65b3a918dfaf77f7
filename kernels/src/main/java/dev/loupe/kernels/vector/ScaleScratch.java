package dev.loupe.kernels.vector;

import static dev.loupe.kernels.Weight.PANEL;
import static dev.loupe.kernels.vector.Lanes.F;
import static dev.loupe.kernels.vector.Lanes.I;
import static dev.loupe.kernels.vector.Lanes.L;

import dev.loupe.kernels.Scales;
import dev.loupe.kernels.Weight;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The scales and offsets of one panel as floats. They are widened before the panel is multiplied: a
 * loop of its own costs little, and leaves the registers to the codes.
 *
 * @param scales {@code [group * 16 + lane]}
 * @param offsets likewise; empty where the type has none
 * @param shared room for floats that several groups share
 */
record ScaleScratch(float[] scales, float[] offsets, float[] shared) {
    ScaleScratch(Weight.Codes w) {
        this(
                new float[room(w)],
                new float[w.offsets().present() ? room(w) : 0],
                new float[w.scales().shared() ? room(w) : 0]);
    }

    /** An even number of groups, since floats come in pairs. */
    private static int room(Weight.Codes w) {
        return (w.groups() + 1) / 2 * 2 * PANEL;
    }

    void widen(Weight.Codes w, int panel) {
        widen(w.scales(), panel, w.groups(), scales);
        if (w.offsets().present()) {
            widen(w.offsets(), panel, w.groups(), offsets);
        }
    }

    private void widen(Scales stored, int panel, int groups, float[] out) {
        if (!stored.shared()) {
            floats(stored, panel, out);
            return;
        }
        floats(stored, panel, shared);
        for (int lane = 0; lane < PANEL; lane += L) {
            multiply(stored.multiples()[panel], lane, groups, stored.groupsPerFloat(), out);
        }
    }

    private static void floats(Scales stored, int panel, float[] out) {
        int[] pairs = stored.floats()[panel];
        if (stored.brain()) {
            brains(pairs, out);
        } else {
            halves(pairs, out);
        }
    }

    private static void halves(int[] pairs, float[] out) {
        for (int i = 0; i < pairs.length; i += L) {
            IntVector pair = IntVector.fromArray(I, pairs, i);
            int to = i / PANEL * 2 * PANEL + i % PANEL;
            Halves.low(pair, false).intoArray(out, to);
            Halves.high(pair, false).intoArray(out, to + PANEL);
        }
    }

    private static void brains(int[] pairs, float[] out) {
        for (int i = 0; i < pairs.length; i += L) {
            IntVector pair = IntVector.fromArray(I, pairs, i);
            int to = i / PANEL * 2 * PANEL + i % PANEL;
            Halves.low(pair, true).intoArray(out, to);
            Halves.high(pair, true).intoArray(out, to + PANEL);
        }
    }

    /** Four groups at a time; {@code each} groups, a multiple of four, have one float. */
    private void multiply(int[] multiples, int lane, int groups, int each, float[] out) {
        for (int g = 0; g < groups; g += 4) {
            FloatVector f = FloatVector.fromArray(F, shared, g / each * PANEL + lane);
            IntVector v = IntVector.fromArray(I, multiples, g / 4 * PANEL + lane);
            int to = g * PANEL + lane;
            Lanes.signed(v, 24).mul(f).intoArray(out, to);
            Lanes.signed(v, 16).mul(f).intoArray(out, to + PANEL);
            Lanes.signed(v, 8).mul(f).intoArray(out, to + 2 * PANEL);
            IntVector top = v.lanewise(VectorOperators.ASHR, 24);
            Lanes.floats(top).mul(f).intoArray(out, to + 3 * PANEL);
        }
    }
}
