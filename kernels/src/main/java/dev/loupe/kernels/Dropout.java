package dev.loupe.kernels;

/**
 * Dropout (Srivastava et al. 2014): each number is set to zero with probability {@code rate}, and
 * the others are divided by {@code 1 - rate}. Whether a number stays depends on its place and the
 * stream alone, as in counter-based generators (Salmon et al. 2011), so that threads do not show in
 * the result, and what is computed again is the same again.
 *
 * @param rate 0 to less than 1
 * @param stream which random numbers: another for each step and each place in the model
 */
public record Dropout(float rate, long stream) {
    public Dropout {
        if (!(rate >= 0 && rate < 1)) {
            throw new IllegalArgumentException(
                    "dropout: found " + rate + ", expected 0 to less than 1");
        }
    }

    /** {@code y += kept x / (1 - rate)}; on gradients it is its own backward. */
    public void add(Processor processor, Tensor x, Tensor y) {
        float scale = 1 / (1 - rate);
        int limit = (int) (rate * (1 << 24));
        Elementwise.rows(
                processor,
                x,
                r -> {
                    long counter = stream + (long) r * x.cols();
                    int i = x.row(r);
                    int k = y.row(r);
                    for (int c = 0; c < x.cols(); c++) {
                        if (mixed(counter + c) >>> 40 >= limit) {
                            y.data()[k + c] += x.data()[i + c] * scale;
                        }
                    }
                });
    }

    /** The stream of something that belongs to this one: a layer, a step. */
    public static long split(long stream, int which) {
        return mixed(mixed(stream) + which);
    }

    /** The finaliser of SplitMix64 (Steele, Lea and Flood 2014): neighbours become unrelated. */
    private static long mixed(long counter) {
        long z = counter * 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
