package dev.loupe.inside;

import dev.loupe.kernels.Blocks;
import dev.loupe.kernels.StoredRows;
import dev.loupe.kernels.Threads;

/** A matrix that is read a few rows at a time, however large it is. */
final class DecodedRows {
    /** Numbers between two looks at whether somebody still waits. */
    private static final int AT_ONCE = 1 << 22;

    private DecodedRows() {}

    /** What is done with each row; workers call it at the same time. */
    interface Each {
        void row(int worker, int row, float[] numbers);
    }

    /** How many rows are read between two reports. */
    static int atOnce(StoredRows matrix) {
        return Math.max(1, AT_ONCE / matrix.cols());
    }

    /** Decodes the rows {@code [from, to)} on all threads. */
    static void each(StoredRows matrix, int from, int to, Threads threads, Each each) {
        int grain = Math.max(1, (1 << 16) / matrix.cols());
        threads.each(
                to - from,
                grain,
                (worker, first, end) -> {
                    float[] numbers = new float[matrix.cols()];
                    for (int i = first; i < end; i++) {
                        read(matrix, from + i, numbers);
                        each.row(worker, from + i, numbers);
                    }
                });
    }

    static void read(StoredRows matrix, int row, float[] numbers) {
        Blocks.decode(matrix.type(), matrix.row(row), 0, matrix.cols(), numbers, 0);
    }
}
