package dev.loupe.kernels;

/**
 * The inputs of one generated token, made ready for a weight's layout. For four-bit codes an input
 * is scaled so that a code can be used where it lies in its int: code {@code j} stands {@code 4 j}
 * bits up, so its input is divided by {@code 2^(4 j)}, which is exact.
 *
 * @param plain one for each column, as they are; after an odd number of columns a zero
 * @param values the same, scaled where codes have four bits; the same array where they do not
 * @param sums for each group of columns the sum of the inputs, times which offsets count
 */
public record Activations(float[] plain, float[] values, float[] sums) {
    private static final float[] NIBBLE_SCALES = {
        1f, 0x1p-4f, 0x1p-8f, 0x1p-12f, 0x1p-16f, 0x1p-20f, 0x1p-24f, 1f
    };

    /** Room for the inputs of {@code weight}. */
    public static Activations roomFor(Weight weight) {
        // halves are read in pairs: an odd number of columns is followed by a zero
        float[] plain = new float[weight.cols() + weight.cols() % 2];
        boolean scaled = weight instanceof Weight.Codes codes && codes.bits() == 4;
        float[] values = scaled ? new float[plain.length] : plain;
        return new Activations(plain, values, new float[weight.cols() / 16 + 1]);
    }

    /** Reads {@code weight.cols()} inputs from {@code x[offset ..]}. */
    public void read(Weight weight, float[] x, int offset) {
        System.arraycopy(x, offset, plain, 0, weight.cols());
        if (!(weight instanceof Weight.Codes codes)) {
            return;
        }
        for (int group = 0; group * codes.groupSize() < codes.cols(); group++) {
            float sum = 0;
            for (int k = group * codes.groupSize(); k < (group + 1) * codes.groupSize(); k++) {
                sum += plain[k];
            }
            sums[group] = sum;
        }
        if (codes.bits() == 4) {
            // the highest code is shifted down instead: as an int its place would be the sign's
            for (int k = 0; k < codes.cols(); k++) {
                values[k] = plain[k] * NIBBLE_SCALES[k % 8];
            }
        }
    }
}
