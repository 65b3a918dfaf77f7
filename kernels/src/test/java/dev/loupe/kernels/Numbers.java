package dev.loupe.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;

/** Arrays for tests of kernels, and their comparison bit by bit. */
final class Numbers {
    /** What an array holds where a kernel has no business to write. */
    static final float UNTOUCHED = -12345.625f;

    /** 0, 1, all that vectors of 4, 8 and 16 lanes find awkward, and primes. */
    static final int[] AWKWARD = {0, 1, 2, 3, 4, 5, 7, 8, 9, 13, 15, 16, 17, 31, 32, 33, 61};

    private Numbers() {}

    static float[] random(Random random, int n) {
        float[] numbers = new float[n];
        for (int i = 0; i < n; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        return numbers;
    }

    /** A window onto an array that is wider and longer, filled with noise or {@link #UNTOUCHED}. */
    static Tensor window(Random random, int rows, int cols, boolean noise) {
        int stride = cols + 3;
        float[] data = new float[rows * stride + 7];
        if (noise) {
            System.arraycopy(random(random, data.length), 0, data, 0, data.length);
        } else {
            Arrays.fill(data, UNTOUCHED);
        }
        return new Tensor(data, 5, rows, cols, stride, 0);
    }

    /** Sets every number of a window, and nothing beside it. */
    static void fill(Tensor tensor, float value) {
        for (int r = 0; r < tensor.rows(); r++) {
            int from = tensor.row(r);
            Arrays.fill(tensor.data(), from, from + tensor.cols(), value);
        }
    }

    /** NaN equals NaN, but 0 is not -0. */
    static void assertSameBits(float[] found, float[] expected, String what) {
        int different = Arrays.mismatch(found, expected);
        assertThat(different)
                .as(() ->
                        "%s: number %d of %d is %s, expected %s"
                                .formatted(
                                        what,
                                        different,
                                        expected.length,
                                        found[different],
                                        expected[different]))
                .isEqualTo(-1);
    }
}
