package dev.loupe.kernels;

import static dev.loupe.kernels.Weight.PANEL;

/** Rows of a table by their number: how tokens and positions become vectors. */
public final class Embedding {
    /** Columns in a part of the work. */
    private static final int COLUMNS = 32;

    private Embedding() {}

    /**
     * {@code y[t] = table[ids[t]]}.
     *
     * @param y {@code [id, table.cols()]}
     */
    public static void look(Processor processor, Weight table, int[] ids, Tensor y) {
        Elementwise.rows(processor, y, t -> table.row(ids[t], y.data(), y.row(t)));
    }

    /**
     * The backward of {@link #look}: adds each row of {@code dy} to the row of the table that it
     * came from, in the order of the rows.
     *
     * @param dy {@code [id, table.cols()]}
     * @param dtable as {@link Weight.Floats} has its numbers
     */
    public static void lookBackward(Processor processor, int[] ids, Tensor dy, float[][] dtable) {
        processor
                .threads()
                .each(
                        dy.cols(),
                        COLUMNS,
                        (worker, from, to) -> {
                            for (int t = 0; t < ids.length; t++) {
                                float[] panel = dtable[ids[t] / PANEL];
                                int lane = ids[t] % PANEL;
                                int row = dy.row(t);
                                for (int i = from; i < to; i++) {
                                    panel[i * PANEL + lane] += dy.data()[row + i];
                                }
                            }
                        });
    }
}
