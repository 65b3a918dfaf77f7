package dev.loupe.kernels;

/**
 * What an adapter adds to a matrix, {@code scale * B A}, row by row: so that nobody needs the
 * product of the two as a whole.
 */
public final class LowRank {
    private final float[][] a;
    private final Weight b;
    private final float scale;

    /**
     * Decodes {@code a}; {@code b} is read row by row.
     *
     * @param a {@code [rank, inputs]}
     * @param b {@code [outputs, rank]}
     */
    public LowRank(Weight a, Weight b, float scale) {
        this.a = new float[a.rows()][a.cols()];
        for (int r = 0; r < a.rows(); r++) {
            a.row(r, this.a[r], 0);
        }
        this.b = b;
        this.scale = scale;
    }

    /** Adds row {@code row} to {@code to[0 .. inputs)}. Several threads may do so at once. */
    public void add(int row, float[] to) {
        float[] shares = new float[a.length];
        b.row(row, shares, 0);
        float[] sum = new float[to.length];
        for (int r = 0; r < shares.length; r++) {
            for (int k = 0; k < sum.length; k++) {
                sum[k] += shares[r] * a[r][k];
            }
        }
        // added at once, what is small is not lost in what is large
        for (int k = 0; k < sum.length; k++) {
            to[k] += scale * sum[k];
        }
    }
}
