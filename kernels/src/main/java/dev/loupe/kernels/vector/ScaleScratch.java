package dev.loupe.kernels.vector;

import static dev.loupe.kernels.Weight.PANEL;
import static dev.loupe.kernels.vector.Lanes.F;
import static dev.loupe.kernels.vector.Lanes.I;
import static dev.loupe.kernels.vector.Lanes.L;

import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;

import dev.loupe.kernels.Scales;
import dev.loupe.kernels.Weight;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

import java.util.HashMap;
import java.util.Map;

/**
 * The scales and offsets of a panel as floats, or of two. They are widened before the panel is
 * multiplied: a loop of its own costs little, and leaves the registers to the codes.
 *
 * @param room how many numbers there is room for, for one panel
 * @param scales {@code [slot * room + group * 16 + lane]}
 * @param offsets likewise; empty where the type has none
 * @param shared room for floats that several groups share
 */
record ScaleScratch(int room, float[] scales, float[] offsets, float[] shared) {
    /** Of a weight that has no scales. */
    static final ScaleScratch NONE = new Shape(0, false, false).scratch();

    /** What this thread has used so far, one for each shape: a model has few. */
    private static final ThreadLocal<Map<Shape, ScaleScratch>> OF_THREAD =
            ThreadLocal.withInitial(HashMap::new);

    private record Shape(int room, boolean offsets, boolean shared) {
        ScaleScratch scratch() {
            return new ScaleScratch(
                    room,
                    new float[2 * room],
                    new float[offsets ? 2 * room : 0],
                    new float[shared ? room : 0]);
        }
    }

    /** This thread's: garbage for each part of a product took a twentieth of the time. */
    static ScaleScratch ofThread(Weight.Codes w) {
        // an even number of groups, since floats come in pairs
        int room = (w.groups() + 1) / 2 * 2 * PANEL;
        Shape shape = new Shape(room, w.offsets().present(), w.scales().shared());
        return OF_THREAD.get().computeIfAbsent(shape, Shape::scratch);
    }

    /** Widens those of a panel into slot 0 or 1. */
    void widen(Weight.Codes w, int panel, int slot) {
        widen(w.scales(), panel, w.groups(), scales, slot * room);
        if (w.offsets().present()) {
            widen(w.offsets(), panel, w.groups(), offsets, slot * room);
        }
    }

    private void widen(Scales stored, int panel, int groups, float[] out, int start) {
        if (!stored.shared()) {
            floats(stored, panel, out, start);
            return;
        }
        floats(stored, panel, shared, 0);
        for (int lane = 0; lane < PANEL; lane += L) {
            int[] multiples = stored.multiples()[panel];
            multiply(multiples, lane, groups, stored.groupsPerFloat(), out, start);
        }
    }

    private static void floats(Scales stored, int panel, float[] out, int start) {
        int[] pairs = stored.floats()[panel];
        Halves.widen(stored.brain(), pairs, pairs.length / PANEL * 2, out, start);
    }

    /** Four groups at a time; {@code each} groups, a multiple of four, have one float. */
    private void multiply(int[] multiples, int lane, int groups, int each, float[] out, int start) {
        for (int g = 0; g < groups; g += 4) {
            FloatVector f = FloatVector.fromArray(F, shared, g / each * PANEL + lane);
            IntVector v = IntVector.fromArray(I, multiples, g / 4 * PANEL + lane);
            int to = start + g * PANEL + lane;
            ((FloatVector) v.lanewise(LSHL, 24).lanewise(ASHR, 24).convert(I2F, 0))
                    .mul(f)
                    .intoArray(out, to);
            ((FloatVector) v.lanewise(LSHL, 16).lanewise(ASHR, 24).convert(I2F, 0))
                    .mul(f)
                    .intoArray(out, to + PANEL);
            ((FloatVector) v.lanewise(LSHL, 8).lanewise(ASHR, 24).convert(I2F, 0))
                    .mul(f)
                    .intoArray(out, to + 2 * PANEL);
            IntVector top = v.lanewise(ASHR, 24);
            ((FloatVector) top.convert(I2F, 0)).mul(f).intoArray(out, to + 3 * PANEL);
        }
    }
}
