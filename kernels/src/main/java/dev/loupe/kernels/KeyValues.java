package dev.loupe.kernels;

import static dev.loupe.kernels.Weight.PANEL;

import java.util.Arrays;

/**
 * The keys and values of one sequence in one layer, position after position. They are kept in
 * blocks of {@link #BLOCK} positions, which start at multiples of it, so that nothing is ever moved
 * when the sequence grows.
 *
 * <p>In a block both lie as panels of 16 for {@link Kernels}' product of floats: the keys {@code
 * [head][position / 16][dimension][16 positions]}, so that queries times a head's keys are scores,
 * and the values {@code [head][dimension / 16][position][16 dimensions]}, so that weights times a
 * head's values are their weighted sum. Positions of a block that nothing was stored for are zero.
 */
public final class KeyValues {
    /** Positions in a block; also how many scores a step of the running softmax takes in. */
    public static final int BLOCK = 64;

    private final int heads;
    private final int headDim;
    private final int paddedDim;
    private final KvType type;
    private StoredNumbers[] keys = new StoredNumbers[0];
    private StoredNumbers[] values = new StoredNumbers[0];
    private int length;

    /** Kept as floats. */
    public KeyValues(int heads, int headDim) {
        this(heads, headDim, KvType.F32);
    }

    public KeyValues(int heads, int headDim, KvType type) {
        this.heads = heads;
        this.headDim = headDim;
        this.type = type;
        paddedDim = (headDim + PANEL - 1) / PANEL * PANEL;
    }

    public int headDim() {
        return headDim;
    }

    public int heads() {
        return heads;
    }

    /** {@link #headDim} as a whole number of panels. */
    int paddedDim() {
        return paddedDim;
    }

    /**
     * Stores the keys and values of new positions. What was stored for {@code from} and all that
     * follow is forgotten.
     *
     * @param from the first new position
     * @param k {@code [token, head * headDim]}
     * @param v {@code [token, head * headDim]}
     */
    public void put(int from, Tensor k, Tensor v) {
        makeReady(from, k.rows());
        store(from, k, v, from, length);
    }

    /** {@link #put(int, Tensor, Tensor)} with several threads, a block at a time. */
    public void put(Processor processor, int from, Tensor k, Tensor v) {
        makeReady(from, k.rows());
        int first = from / BLOCK;
        processor
                .threads()
                .each(
                        blocks(length) - first,
                        1,
                        (worker, start, end) -> {
                            int position = Math.max(from, (first + start) * BLOCK);
                            store(from, k, v, position, Math.min(length, (first + end) * BLOCK));
                        });
    }

    private void makeReady(int from, int rows) {
        forget(from);
        reserve(from + rows);
        length = from + rows;
    }

    private void store(int from, Tensor k, Tensor v, int start, int end) {
        for (int position = start; position < end; position++) {
            int t = position - from;
            store(position, k.data(), k.row(t), v.data(), v.row(t));
        }
    }

    private void store(int position, float[] k, int kRow, float[] v, int vRow) {
        StoredNumbers blockKeys = keys[position / BLOCK];
        StoredNumbers blockValues = values[position / BLOCK];
        for (int head = 0; head < heads; head++) {
            int from = head * headDim;
            blockKeys.put(k, kRow + from, headDim, keyOffset(head, position % BLOCK), PANEL);
            for (int d = 0; d < headDim; d += PANEL) {
                int n = Math.min(PANEL, headDim - d);
                blockValues.put(v, vRow + from + d, n, valueOffset(head, position % BLOCK, d), 1);
            }
        }
    }

    /**
     * Attention multiplies what it may not see by zero, which leaves no trace of finite numbers.
     */
    private void forget(int from) {
        if (from >= length) {
            return;
        }
        int whole = blocks(from);
        float[] zeros = new float[heads * headDim];
        for (int position = from; position < Math.min(length, whole * BLOCK); position++) {
            store(position, zeros, 0, zeros, 0);
        }
        length = from;
    }

    private static int blocks(int positions) {
        return (positions + BLOCK - 1) / BLOCK;
    }

    /** Blocks that were forgotten are used again: made anew, they would fill a long run's heap. */
    private void reserve(int positions) {
        int blocks = blocks(positions);
        int had = keys.length;
        if (blocks > had) {
            // the tables of blocks are small: some hundred entries for a long context
            keys = Arrays.copyOf(keys, blocks);
            values = Arrays.copyOf(values, blocks);
        }
        for (int b = blocks(length); b < blocks; b++) {
            if (b < had) {
                keys[b].clear();
                values[b].clear();
            } else {
                keys[b] = StoredNumbers.zeros(type, heads * headDim * BLOCK);
                values[b] = StoredNumbers.zeros(type, heads * paddedDim * BLOCK);
            }
        }
    }

    /**
     * A head's keys in a block, {@code [position / 16][dimension][16]}.
     *
     * @param room for {@code BLOCK * headDim} numbers, used if they are not kept as floats
     */
    StoredNumbers.Panels keyPanels(int block, int head, float[] room) {
        return keys[block].panels(keyOffset(head, 0), BLOCK * headDim, room);
    }

    /**
     * A head's values in a block, {@code [dimension / 16][position][16]}.
     *
     * @param room for {@code BLOCK * paddedDim} numbers, used if they are not kept as floats
     */
    StoredNumbers.Panels valuePanels(int block, int head, float[] room) {
        return values[block].panels(valueOffset(head, 0, 0), BLOCK * paddedDim, room);
    }

    /** The key of one position, as attention sees it. */
    void key(int head, int position, float[] out) {
        keys[position / BLOCK].get(keyOffset(head, position % BLOCK), PANEL, out, 0, headDim);
    }

    /** The value of one position, as attention sees it. */
    void value(int head, int position, float[] out) {
        for (int d = 0; d < headDim; d += PANEL) {
            int at = valueOffset(head, position % BLOCK, d);
            values[position / BLOCK].get(at, 1, out, d, Math.min(PANEL, headDim - d));
        }
    }

    /** Where dimension 0 of a position's key is in its block; the next dimension is 16 further. */
    private int keyOffset(int head, int position) {
        return (head * (BLOCK / PANEL) + position / PANEL) * headDim * PANEL + position % PANEL;
    }

    /** Where dimension {@code d} of a position's value is in its block, and the 15 that follow. */
    private int valueOffset(int head, int position, int d) {
        return head * BLOCK * paddedDim + (d / PANEL * BLOCK + position) * PANEL;
    }

    /** How many bytes the blocks take, forgotten ones too. */
    public long bytes() {
        int bytes = type == KvType.F32 ? Float.BYTES : Short.BYTES;
        return (long) bytes * keys.length * heads * BLOCK * (headDim + paddedDim);
    }
}
