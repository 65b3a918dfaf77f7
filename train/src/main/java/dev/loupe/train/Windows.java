package dev.loupe.train;

/**
 * The order in which the windows of a range of tokens are trained on: in each epoch every window
 * once, in a new order, from a new start. Nothing is kept; the window of any place in any epoch is
 * computed from the seed, so training goes on where it stopped.
 *
 * <p>The order is a Feistel network of four rounds over the next power of four, walked until it
 * hits the range (Black and Rogaway 2002, "Ciphers with arbitrary finite domains").
 *
 * @param first the first token
 * @param tokens how many tokens there are
 * @param length inputs of a window; with the target of its last input it covers one more
 * @param seed what orders depend on
 */
public record Windows(long first, long tokens, int length, long seed) {
    private static final int ROUNDS = 4;

    public Windows {
        if (tokens < length + 1L) {
            throw new DataException(
                    "%d tokens are not enough for one window of %d and its targets; take more text, or a shorter context"
                            .formatted(tokens, length));
        }
    }

    /** How many windows an epoch has: as many as fit wherever it starts. */
    public long perEpoch() {
        return Math.max(1, (tokens - length) / length);
    }

    /** How many starts there are to choose from. */
    private long shifts() {
        return Math.min(length, tokens - perEpoch() * length);
    }

    /** The first token of the {@code n}th window since the start of training. */
    public long start(long n) {
        long epoch = n / perEpoch();
        long place = inOrder(n, perEpoch(), seed);
        long shift = Long.remainderUnsigned(mix(seed ^ ~epoch), shifts());
        return first + shift + place * length;
    }

    /** Which of {@code count} things is the {@code n}th, each once in an epoch, in new orders. */
    static long inOrder(long n, long count, long seed) {
        return permuted(n % count, count, mix(seed + n / count));
    }

    /** Where a place goes in an order of {@code n} places. */
    private static long permuted(long place, long n, long key) {
        int half = Math.max(1, (65 - Long.numberOfLeadingZeros(Math.max(1, n - 1))) / 2);
        long x = place;
        do {
            x = shuffled(x, half, key);
        } while (x >= n);
        return x;
    }

    /** One to one on the numbers of {@code 2 * half} bits. */
    private static long shuffled(long x, int half, long key) {
        long mask = (1L << half) - 1;
        long left = x >>> half;
        long right = x & mask;
        for (int round = 0; round < ROUNDS; round++) {
            long next = left ^ (mix(key + round * 0x9E3779B97F4A7C15L + right) & mask);
            left = right;
            right = next;
        }
        return left << half | right;
    }

    /** SplitMix64 (Steele, Lea and Flood 2014). */
    private static long mix(long z) {
        long x = z + 0x9E3779B97F4A7C15L;
        x = (x ^ (x >>> 30)) * 0xBF58476D1CE4E5B9L;
        x = (x ^ (x >>> 27)) * 0x94D049BB133111EBL;
        return x ^ (x >>> 31);
    }
}
