package dev.loupe.kernels.vector;

import static dev.loupe.kernels.Weight.PANEL;
import static dev.loupe.kernels.vector.Lanes.L;

import dev.loupe.kernels.Weight;

/**
 * Which two vectors of rows take turns in a product with a generated token. A thread has one, which
 * changes as the product goes from panel to panel.
 */
final class Turns {
    private static final int PARTS = PANEL / L;
    private static final ThreadLocal<Turns> OF_THREAD = ThreadLocal.withInitial(Turns::new);

    /** Their panels, */
    int u;

    int v;

    /** and the first of their rows in these. */
    int uLane;

    int vLane;

    /** The panels of the two vectors after them; the last ones again where there are no more. */
    int nextU;

    int nextV;

    /** Where their scales and offsets begin, those of the first group. */
    int uScale;

    int vScale;

    /** What the scales and offsets of the panels after them are made of, to be read ahead. */
    int[] nextUScales = {};

    int[] nextVScales = {};
    int[] nextUOffsets = {};
    int[] nextVOffsets = {};

    /** The scales and offsets of both. */
    ScaleScratch wide = ScaleScratch.NONE;

    /** The outputs of the first vector, then of the second. */
    final float[] out = new float[2 * L];

    /** The sum of what was read ahead; it is kept so that it is read at all. */
    int ahead;

    private Turns() {}

    /** This thread's, with room for the scales of {@code weight}. */
    static Turns ofThread(Weight weight) {
        Turns turns = OF_THREAD.get();
        turns.wide =
                weight instanceof Weight.Codes w ? ScaleScratch.ofThread(w) : ScaleScratch.NONE;
        return turns;
    }

    /** How many vectors there are up to a panel. */
    static int vectors(int panel) {
        return panel * PARTS;
    }

    /** Turns to two vectors; {@code last} is the last one that there is work for. */
    void choose(int first, int second, int last) {
        u = first / PARTS;
        v = second / PARTS;
        uLane = first % PARTS * L;
        vLane = second % PARTS * L;
        nextU = Math.min(first + 2, last) / PARTS;
        nextV = Math.min(first + 3, last) / PARTS;
    }

    /** Makes the scales and offsets of both ready. */
    void readScales(Weight.Codes w) {
        wide.widen(w, u, 0);
        uScale = uLane;
        vScale = vLane;
        if (v != u) {
            wide.widen(w, v, 1);
            vScale += wide.room();
        }
        int[][] scales = w.scales().ofGroups();
        int[][] offsets = w.offsets().present() ? w.offsets().ofGroups() : scales;
        nextUScales = scales[nextU];
        nextVScales = scales[nextV];
        nextUOffsets = offsets[nextU];
        nextVOffsets = offsets[nextV];
    }

    /** Hands over the outputs of vector {@code i}, as many as the weight has rows for. */
    void store(Weight weight, int i, int from, float[] y, int offset) {
        int row = i * L;
        int rows = Math.min(L, weight.rows() - row);
        if (rows > 0) {
            System.arraycopy(out, from, y, offset + row, rows);
        }
    }
}
