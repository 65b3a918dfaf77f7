package dev.loupe.kernels;

import static dev.loupe.kernels.Weight.PANEL;

import java.util.Arrays;

/**
 * One number for each group of columns of each row, as tightly as the file has them: a 16-bit float
 * for each group, or one for several groups and for each a small integer that it is multiplied by.
 *
 * @param brain true if the floats are bfloat16, false for IEEE half precision
 * @param floats two to an int and the first lower, {@code [panel][f / 2 * 16 + lane]} for float
 *     {@code f = group / groupsPerFloat}; an odd one at the end is followed by zero
 * @param groupsPerFloat 1 where there are no multiples
 * @param multiples signed bytes, four groups to an int and the first lowest, {@code [panel][group /
 *     4 * 16 + lane]}; empty where the floats are all there is
 */
public record Scales(boolean brain, int[][] floats, int groupsPerFloat, int[][] multiples) {
    /** Of a type whose groups have none. */
    static final Scales NONE = new Scales(false, new int[0][], 1, new int[0][]);

    /** Whether there are any. */
    public boolean present() {
        return floats.length > 0;
    }

    /** What there is for each group, {@code [panel][group * eachGroup() ..]}. */
    public int[][] ofGroups() {
        return shared() ? multiples : floats;
    }

    /** How many ints of {@link #ofGroups} a group takes in all lanes. */
    public int eachGroup() {
        return shared() ? PANEL / 4 : PANEL / 2;
    }

    /** Whether a float serves several groups. */
    public boolean shared() {
        return multiples.length > 0;
    }

    /** The number of one group of one row. */
    float at(int panel, int group, int lane) {
        int index = group / groupsPerFloat;
        short stored = (short) (floats[panel][index / 2 * PANEL + lane] >> (index % 2 * 16));
        float f = widen(brain, stored);
        return shared() ? f * multiple(multiples[panel], group, lane) : f;
    }

    /** The numbers of one group of the 16 rows of a panel. */
    void read(int panel, int group, float[] out) {
        int index = group / groupsPerFloat;
        widen(brain, floats[panel], index / 2 * PANEL, index % 2 * 16, out, 0);
        if (shared()) {
            for (int lane = 0; lane < PANEL; lane++) {
                out[lane] *= multiple(multiples[panel], group, lane);
            }
        }
    }

    /** The floats of 16 lanes; each is the 16 bits of an int above {@code shift}. */
    static void widen(boolean brain, int[] pairs, int at, int shift, float[] out, int to) {
        for (int lane = 0; lane < PANEL; lane++) {
            out[to + lane] = widen(brain, (short) (pairs[at + lane] >> shift));
        }
    }

    /** A float of 16 bits. */
    static float widen(boolean brain, short stored) {
        return brain ? Float.intBitsToFloat(stored << 16) : Float.float16ToFloat(stored);
    }

    /** Those of the first groups of one panel alone, for two panels. */
    Scales twice(int panel, int groups) {
        if (!present()) {
            return this;
        }
        int pairs = ((groups + groupsPerFloat - 1) / groupsPerFloat + 1) / 2;
        int[] few = Arrays.copyOf(floats[panel], pairs * PANEL);
        int[][] fewMultiples = multiples;
        if (shared()) {
            int[] some = Arrays.copyOf(multiples[panel], (groups + 3) / 4 * PANEL);
            fewMultiples = new int[][] {some, some};
        }
        return new Scales(brain, new int[][] {few, few}, groupsPerFloat, fewMultiples);
    }

    private static int multiple(int[] multiples, int group, int lane) {
        return multiples[group / 4 * PANEL + lane] << (24 - 8 * (group % 4)) >> 24;
    }

    long bytes() {
        long bytes = 0;
        for (int[] panel : floats) {
            bytes += 4L * panel.length;
        }
        for (int[] panel : multiples) {
            bytes += 4L * panel.length;
        }
        return bytes;
    }
}
