package dev.loupe.kernels;

import org.jspecify.annotations.Nullable;

/**
 * Whole sequences, one after the other, whose keys and values are there all at once: what training
 * looks at. A row sees the rows of its sequence up to itself, or the last {@code window} of them.
 */
public final class Sequences implements SelfAttention.Visible {
    private final Tensor k;
    private final Tensor v;
    private final int[] starts;
    private final int window;
    private final int headDim;
    private final int[] sequenceOf;
    private final @Nullable KeyValues[] keys;

    /**
     * @param k {@code [token, head * headDim]}
     * @param v {@code [token, head * headDim]}
     * @param starts the first row of each sequence, ascending from 0
     * @param window how many positions a row sees, its own included; 0: all
     */
    public Sequences(Tensor k, Tensor v, int headDim, int[] starts, int window) {
        this.k = k;
        this.v = v;
        this.starts = starts.clone();
        this.window = window;
        this.headDim = headDim;
        sequenceOf = new int[k.rows()];
        keys = new KeyValues[starts.length];
        for (int s = 0; s < starts.length; s++) {
            for (int row = starts[s]; row < starts[s] + length(s); row++) {
                sequenceOf[row] = s;
            }
        }
    }

    /** All keys, {@code [token, head * headDim]}. */
    public Tensor k() {
        return k;
    }

    /** All values, {@code [token, head * headDim]}. */
    public Tensor v() {
        return v;
    }

    int count() {
        return starts.length;
    }

    int start(int sequence) {
        return starts[sequence];
    }

    int length(int sequence) {
        int end = sequence + 1 < starts.length ? starts[sequence + 1] : k.rows();
        return end - starts[sequence];
    }

    /** The first row of the sequence that a row belongs to. */
    int startOf(int row) {
        return starts[sequenceOf[row]];
    }

    /** Stored when they are first asked for: {@link SelfAttention#attend} stores its own. */
    @Override
    public synchronized KeyValues keys(int row) {
        int s = sequenceOf[row];
        KeyValues stored = keys[s];
        if (stored == null) {
            stored = new KeyValues(k.cols() / headDim, headDim);
            stored.put(0, k.rows(starts[s], length(s)), v.rows(starts[s], length(s)));
            keys[s] = stored;
        }
        return stored;
    }

    /**
     * Stores what one head of a sequence has, which becomes the only head of {@code out}.
     *
     * @param positions how many, from the first on
     */
    void store(int sequence, int head, int positions, KeyValues out) {
        Tensor keys = k.columns(head * headDim, headDim).rows(starts[sequence], positions);
        Tensor values = v.columns(head * headDim, headDim).rows(starts[sequence], positions);
        out.put(0, keys, values);
    }

    @Override
    public int from(int row) {
        return window == 0 ? 0 : Math.max(0, to(row) - window);
    }

    @Override
    public int to(int row) {
        return row - startOf(row) + 1;
    }
}
