package dev.loupe.kernels;

/** Room that a worker needs for one {@link AttentionUnit} after another. */
final class AttentionScratch {
    private static final ThreadLocal<AttentionScratch> OF_THREAD =
            ThreadLocal.withInitial(AttentionScratch::new);

    private float[] queries = new float[0];
    private float[] scores = new float[0];
    private float[] keys = new float[0];
    private float[] values = new float[0];
    private KeyValues head = new KeyValues(1, 1);
    private RunningSoftmax softmax = RunningSoftmax.of(0, 0);
    private int[] from = new int[0];
    private int[] to = new int[0];

    /**
     * This thread's, kept between calls: made anew each time it was some 50 kB of garbage for a few
     * microseconds of work.
     */
    static AttentionScratch ofThread() {
        return OF_THREAD.get();
    }

    /** Queries, {@code [row, headDim]}, with what was left there. */
    Tensor queries(int rows, int headDim) {
        if (queries.length < rows * headDim) {
            queries = new float[rows * headDim];
        }
        return new Tensor(queries, 0, rows, headDim, headDim, 0);
    }

    /** Scores, {@code [row, BLOCK]}, with what was left there. */
    Tensor scores(int rows) {
        if (scores.length < rows * KeyValues.BLOCK) {
            scores = new float[rows * KeyValues.BLOCK];
        }
        return new Tensor(scores, 0, rows, KeyValues.BLOCK, KeyValues.BLOCK, 0);
    }

    /** Room for the keys of a block. */
    float[] keys(int headDim) {
        if (keys.length < KeyValues.BLOCK * headDim) {
            keys = new float[KeyValues.BLOCK * headDim];
        }
        return keys;
    }

    /** Room for the values of a block. */
    float[] values(int paddedDim) {
        if (values.length < KeyValues.BLOCK * paddedDim) {
            values = new float[KeyValues.BLOCK * paddedDim];
        }
        return values;
    }

    /** Room for the keys and values of one head, with what was left there. */
    KeyValues head(int headDim) {
        if (head.headDim() != headDim) {
            head = new KeyValues(1, headDim);
        }
        return head;
    }

    /**
     * What is known before the first key, of at least so many rows; memory that was just used is in
     * the nearest caches.
     */
    RunningSoftmax softmax(int rows, int cols) {
        if (softmax.highest().length < rows || softmax.sum().cols() != cols) {
            softmax = RunningSoftmax.of(rows, cols);
        } else {
            softmax.clear(rows);
        }
        return softmax;
    }

    /** Each row's first visible key of a block. */
    int[] from(int rows) {
        if (from.length < rows) {
            from = new int[rows];
        }
        return from;
    }

    /** One past each row's last visible key of a block. */
    int[] to(int rows) {
        if (to.length < rows) {
            to = new int[rows];
        }
        return to;
    }
}
