package dev.loupe.kernels;

import static dev.loupe.kernels.Weight.PANEL;

import java.util.ArrayList;
import java.util.List;

/** Re-lays stored matrices in the panels of a {@link Weight}. */
public final class Packing {
    private Packing() {}

    /**
     * Packs matrices with the same number of columns, one above the other. Neighbours of the same
     * type become one matrix; their rows follow each other without a gap.
     *
     * @throws NonFiniteException if a number is NaN or infinite
     */
    public static Weight pack(Threads threads, List<? extends StoredRows> matrices) {
        List<Weight> parts = new ArrayList<>();
        int from = 0;
        for (int i = 1; i <= matrices.size(); i++) {
            if (i == matrices.size() || matrices.get(i).type() != matrices.get(from).type()) {
                parts.add(packAlike(threads, matrices.subList(from, i)));
                from = i;
            }
        }
        return parts.size() == 1 ? parts.getFirst() : new Weight.Stack(parts);
    }

    private static Weight packAlike(Threads threads, List<? extends StoredRows> matrices) {
        Source source = Source.of(matrices);
        int panels = (source.rows + PANEL - 1) / PANEL;
        return switch (source.type) {
            case F32 -> floats(threads, source, panels);
            case F16 -> halves(threads, source, panels, false);
            case BF16 -> halves(threads, source, panels, true);
            case Q4_0,
                    Q4_1,
                    Q4_K,
                    Q5_0,
                    Q5_1,
                    Q8_0,
                    Q2_K,
                    Q3_K,
                    Q5_K,
                    Q6_K,
                    IQ4_NL,
                    IQ4_XS,
                    TQ1_0,
                    TQ2_0,
                    MXFP4 ->
                    codes(threads, source, panels, bits(source.type));
        };
    }

    /** How many bits a code of this type takes in a panel. */
    static int bits(TensorType type) {
        return switch (type) {
            case Q4_0, Q4_1, Q4_K -> 4;
            case Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, TQ1_0, TQ2_0, MXFP4 -> 8;
            case F32, F16, BF16 -> throw new IllegalArgumentException(type + " has no codes");
        };
    }

    private static Weight floats(Threads threads, Source source, int panels) {
        float[][] data = new float[panels][];
        threads.each(
                panels,
                1,
                (worker, from, to) -> {
                    float[] row = new float[source.cols];
                    for (int p = from; p < to; p++) {
                        data[p] = new float[PANEL * source.cols];
                        for (int lane = 0; lane < source.lanes(p); lane++) {
                            source.decode(p * PANEL + lane, row);
                            for (int k = 0; k < source.cols; k++) {
                                data[p][k * PANEL + lane] = row[k];
                            }
                        }
                    }
                });
        return new Weight.Floats(source.rows, source.cols, data);
    }

    private static Weight halves(Threads threads, Source source, int panels, boolean brain) {
        int[][] data = new int[panels][];
        threads.each(
                panels,
                1,
                (worker, from, to) -> {
                    float[] row = new float[source.cols];
                    for (int p = from; p < to; p++) {
                        data[p] = new int[PANEL * ((source.cols + 1) / 2)];
                        for (int lane = 0; lane < source.lanes(p); lane++) {
                            source.decode(p * PANEL + lane, row);
                            for (int k = 0; k < source.cols; k++) {
                                int half =
                                        brain
                                                ? Float.floatToRawIntBits(row[k]) >>> 16
                                                : Float.floatToFloat16(row[k]) & 0xFFFF;
                                data[p][k / 2 * PANEL + lane] |= half << (k % 2 * 16);
                            }
                        }
                    }
                });
        return new Weight.Halves(source.rows, source.cols, brain, data);
    }

    private static Weight codes(Threads threads, Source source, int panels, int bits) {
        boolean offsets = source.type.hasOffsets() || source.type == TensorType.Q4_0;
        int groupSize = source.type.groupSize();
        int[][] codes = new int[panels][];
        float[][] scales = new float[panels][];
        float[][] shifts = new float[offsets ? panels : 0][];
        threads.each(
                panels,
                16,
                (worker, from, to) -> {
                    CodeRows rows = CodeRows.of(source.type, source.cols);
                    for (int p = from; p < to; p++) {
                        codes[p] = new int[PANEL * (source.cols * bits / 32)];
                        scales[p] = new float[PANEL * (source.cols / groupSize)];
                        float[] panelOffsets = new float[offsets ? scales[p].length : 0];
                        for (int lane = 0; lane < source.lanes(p); lane++) {
                            source.read(p * PANEL + lane, rows);
                            rows.place(lane, codes[p], scales[p], panelOffsets);
                        }
                        if (offsets) {
                            shifts[p] = panelOffsets;
                        }
                    }
                });
        return new Weight.Codes(source.rows, source.cols, bits, groupSize, codes, scales, shifts);
    }

    /** Rows of one or more matrices of one type, as if they were one matrix. */
    private record Source(
            List<? extends StoredRows> matrices, TensorType type, int rows, int cols) {
        static Source of(List<? extends StoredRows> matrices) {
            StoredRows first = matrices.getFirst();
            int rows = 0;
            for (StoredRows matrix : matrices) {
                if (matrix.cols() != first.cols()) {
                    throw new IllegalArgumentException(
                            "%s has %d columns, %s has %d"
                                    .formatted(
                                            matrix.name(),
                                            matrix.cols(),
                                            first.name(),
                                            first.cols()));
                }
                rows = Math.addExact(rows, matrix.rows());
            }
            return new Source(matrices, first.type(), rows, first.cols());
        }

        /** How many rows panel {@code p} has. */
        int lanes(int p) {
            return Math.min(PANEL, rows - p * PANEL);
        }

        private interface Row {
            void at(StoredRows matrix, int row);
        }

        /** Finds the matrix that has a row, and which of its own it is. */
        private void find(int row, Row then) {
            int i = 0;
            while (row >= matrices.get(i).rows()) {
                row -= matrices.get(i++).rows();
            }
            then.at(matrices.get(i), row);
        }

        void decode(int row, float[] out) {
            find(
                    row,
                    (matrix, own) -> {
                        Blocks.decode(type, matrix.row(own), 0, cols, out, 0);
                        NonFiniteException.check(out, cols, matrix.name(), own);
                    });
        }

        void read(int row, CodeRows rows) {
            find(
                    row,
                    (matrix, own) -> {
                        rows.read(matrix.row(own));
                        rows.check(matrix.name(), own);
                    });
        }
    }
}
