package dev.loupe.kernels;

/**
 * How products of many rows are cut, so that what is read again is still in a cache.
 *
 * @param rows how many rows a part of the work has at most: they stay in a thread's own cache
 * @param steps how many steps of a sum a tile takes before it stores and goes on with others
 */
public record Blocking(int rows, int steps) {
    /** Two panels stay in the nearest cache; a tile of few rows reads them often. */
    public static final Blocking NEAR = new Blocking(240, 256);

    /**
     * Two panels come from the second cache, which is fast enough for a tile of twelve rows. Few
     * sums are stored and loaded again: doing that more often took a fifth of large products.
     */
    public static final Blocking LONG = new Blocking(60, 1536);
}
