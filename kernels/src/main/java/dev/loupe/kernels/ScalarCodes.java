package dev.loupe.kernels;

import static dev.loupe.kernels.Weight.PANEL;

import java.util.Arrays;

/** Panels of codes in plain Java: a group of columns at a time, all 16 rows side by side. */
final class ScalarCodes {
    private ScalarCodes() {}

    /** {@code scale * (code - zero) + offset}, {@code [cols][16]}. */
    static void decode(Weight.Codes w, int panel, float[] out, int to) {
        Coding.Steps steps = Coding.Steps.of(w.zero());
        for (int group = 0; group < w.groups(); group++) {
            w.scales().read(panel, group, steps.scales());
            if (w.offsets().present()) {
                w.offsets().read(panel, group, steps.offsets());
            }
            unpack(w, panel, group, steps, out, to + group * w.groupSize() * PANEL);
        }
    }

    /** The numbers of a group, {@code [groupSize][16]}. */
    private static void unpack(
            Weight.Codes w, int panel, int group, Coding.Steps steps, float[] out, int to) {
        Coding coding = w.coding();
        int run = coding.run();
        int words = run * coding.bits() / 32 * PANEL;
        int first = group * w.groupSize() / run;
        for (int r = 0; r < w.groupSize() / run; r++) {
            int at = (first + r) * words;
            coding.unpack(w.codes()[panel], at, steps, out, to + r * run * PANEL);
        }
    }

    /**
     * Each output is {@code sum over groups of scale * (start + sum of code * x) + offset * sum of
     * x}. A group's sum has two chains, one for the even columns and one for the odd.
     */
    static void multiply(Weight.Codes w, int panel, Activations x, float[] out) {
        float[] codes = new float[w.groupSize() * PANEL];
        float[] even = new float[PANEL];
        float[] odd = new float[PANEL];
        float[] scales = new float[PANEL];
        float[] powers = powers(w.coding());
        Coding.Steps asTheyAre = Coding.Steps.of(0);
        Arrays.fill(out, 0f);
        for (int group = 0; group < w.groups(); group++) {
            unpack(w, panel, group, asTheyAre, codes, 0);
            Arrays.fill(even, x.starts()[group]);
            Arrays.fill(odd, 0f);
            int first = group * w.groupSize();
            for (int k = 0; k < w.groupSize(); k += 4) {
                fourSteps(codes, k, x.values(), first + k, powers, even, odd);
            }
            w.scales().read(panel, group, scales);
            for (int lane = 0; lane < PANEL; lane++) {
                out[lane] = Math.fma(even[lane] + odd[lane], scales[lane], out[lane]);
            }
            if (w.offsets().present()) {
                w.offsets().read(panel, group, scales);
                float sum = x.sums()[group];
                for (int lane = 0; lane < PANEL; lane++) {
                    out[lane] = Math.fma(scales[lane], sum, out[lane]);
                }
            }
        }
    }

    /** What a code of a run counts where it stands, as its input is that much too small. */
    private static float[] powers(Coding coding) {
        float[] inverses = coding.inverses(coding.run());
        float[] powers = new float[coding.run()];
        for (int i = 0; i < powers.length; i++) {
            powers[i] = 1 / inverses[i];
        }
        return powers;
    }

    private static void fourSteps(
            float[] codes, int k, float[] x, int at, float[] powers, float[] even, float[] odd) {
        int place = at % powers.length;
        float p0 = powers[place];
        float p1 = powers[place + 1];
        float p2 = powers[place + 2];
        float p3 = powers[place + 3];
        float x0 = x[at];
        float x1 = x[at + 1];
        float x2 = x[at + 2];
        float x3 = x[at + 3];
        for (int lane = 0; lane < PANEL; lane++) {
            int i = k * PANEL + lane;
            float sum = Math.fma(codes[i] * p0, x0, even[lane]);
            even[lane] = Math.fma(codes[i + 2 * PANEL] * p2, x2, sum);
            sum = Math.fma(codes[i + PANEL] * p1, x1, odd[lane]);
            odd[lane] = Math.fma(codes[i + 3 * PANEL] * p3, x3, sum);
        }
    }
}
