package dev.loupe.kernels;

import java.util.Arrays;

/**
 * The keys and values of one sequence in one layer, position after position. They are kept in
 * blocks of {@link #BLOCK} positions, which start at multiples of it, so that nothing is ever moved
 * when the sequence grows.
 *
 * <p>In a block the keys of 16 neighbouring positions lie side by side, {@code [head][position /
 * 16][dimension][16]}: one lane of a vector is one position's score. Values lie as they come,
 * {@code [head][position][dimension]}, with dimensions padded to a multiple of 16 by zeros: one
 * lane is one number of the output.
 */
public final class KeyValues {
    /** Positions in a block; also how many scores a step of the running softmax takes in. */
    public static final int BLOCK = 64;

    private final int heads;
    private final int headDim;
    private final int paddedDim;
    private float[][] keys = new float[0][];
    private float[][] values = new float[0][];

    public KeyValues(int heads, int headDim) {
        this.heads = heads;
        this.headDim = headDim;
        paddedDim = (headDim + 15) / 16 * 16;
    }

    public int headDim() {
        return headDim;
    }

    public int heads() {
        return heads;
    }

    /** Numbers from one position's values to the next's. */
    int paddedDim() {
        return paddedDim;
    }

    /**
     * Stores the keys and values of new positions, over what was there.
     *
     * @param from the first new position
     * @param k {@code [token, head * headDim]}
     * @param v {@code [token, head * headDim]}
     */
    public void put(int from, Tensor k, Tensor v) {
        reserve(from + k.rows());
        for (int t = 0; t < k.rows(); t++) {
            int block = (from + t) / BLOCK;
            int position = (from + t) % BLOCK;
            for (int head = 0; head < heads; head++) {
                int key = keyOffset(head, position);
                int source = k.row(t) + head * headDim;
                for (int d = 0; d < headDim; d++) {
                    keys[block][key + d * 16] = k.data()[source + d];
                }
                System.arraycopy(
                        v.data(),
                        v.row(t) + head * headDim,
                        values[block],
                        valueOffset(head, position),
                        headDim);
            }
        }
    }

    private void reserve(int positions) {
        int blocks = (positions + BLOCK - 1) / BLOCK;
        int had = keys.length;
        if (blocks > had) {
            // the tables of blocks are small: some hundred entries for a long context
            keys = Arrays.copyOf(keys, blocks);
            values = Arrays.copyOf(values, blocks);
            for (int b = had; b < blocks; b++) {
                keys[b] = new float[heads * headDim * BLOCK];
                values[b] = new float[heads * paddedDim * BLOCK];
            }
        }
    }

    /** The keys of a block. */
    public float[] keys(int block) {
        return keys[block];
    }

    /** The values of a block. */
    public float[] values(int block) {
        return values[block];
    }

    /** Where dimension 0 of a position's key is in its block; the next dimension is 16 further. */
    public int keyOffset(int head, int position) {
        return ((head * (BLOCK / 16) + position / 16) * headDim) * 16 + position % 16;
    }

    /** Where dimension 0 of a position's value is in its block; the next dimension is next. */
    public int valueOffset(int head, int position) {
        return (head * BLOCK + position) * paddedDim;
    }

    /** How many bytes the blocks take. */
    public long bytes() {
        return 4L * keys.length * heads * BLOCK * (headDim + paddedDim);
    }
}
