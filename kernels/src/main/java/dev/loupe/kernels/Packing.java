package dev.loupe.kernels;

import static dev.loupe.kernels.Weight.PANEL;

import java.util.ArrayList;
import java.util.Arrays;
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
                    codes(threads, source, panels);
        };
    }

    /** How the codes of a type lie in a panel. */
    static Coding coding(TensorType type) {
        return switch (type) {
            case Q4_0, Q4_1, Q4_K, Q2_K, Q3_K, TQ1_0, TQ2_0 -> Coding.FOUR_BITS;
            case Q5_0, Q5_1, Q5_K -> Coding.FIVE_BITS;
            case Q6_K -> Coding.SIX_BITS;
            case Q8_0, IQ4_NL, IQ4_XS, MXFP4 -> Coding.EIGHT_BITS;
            case F32, F16, BF16 -> throw new IllegalArgumentException(type + " has no codes");
        };
    }

    /** Which code of a panel stands for zero. */
    static int zero(TensorType type) {
        return switch (type) {
            case Q4_1, Q4_K, Q5_1, Q5_K, Q2_K -> 0;
            case TQ1_0, TQ2_0 -> 1;
            case Q3_K -> 4;
            case Q4_0 -> 8;
            case Q5_0 -> 16;
            case Q6_K -> 32;
            case Q8_0, IQ4_NL, IQ4_XS, MXFP4 -> 128;
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

    private static Weight codes(Threads threads, Source source, int panels) {
        TensorType type = source.type;
        Coding coding = coding(type);
        int[][] codes = new int[panels][];
        Scales scales = room(type, panels);
        Scales offsets = type.hasOffsets() ? room(type, panels) : Scales.NONE;
        threads.each(
                panels,
                16,
                (worker, from, to) -> {
                    CodeRows rows = CodeRows.of(type, source.cols);
                    for (int p = from; p < to; p++) {
                        codes[p] = new int[PANEL * (source.cols * coding.bits() / 32)];
                        makeRoom(scales, p, rows);
                        makeRoom(offsets, p, rows);
                        for (int lane = 0; lane < source.lanes(p); lane++) {
                            source.read(p * PANEL + lane, rows);
                            rows.placeCodes(lane, codes[p]);
                            place(false, scales, p, lane, rows);
                            place(true, offsets, p, lane, rows);
                        }
                        fillUp(codes[p], source.lanes(p), type, source.cols);
                        source.check(scales, p);
                        source.check(offsets, p);
                    }
                });
        int groupSize = type.groupSize();
        return new Weight.Codes(
                source.rows, source.cols, coding, groupSize, zero(type), codes, scales, offsets);
    }

    /** Rows past the last are zero. */
    private static void fillUp(int[] words, int lanes, TensorType type, int cols) {
        if (lanes < PANEL) {
            byte[] zeros = new byte[cols];
            Arrays.fill(zeros, (byte) zero(type));
            for (int lane = lanes; lane < PANEL; lane++) {
                coding(type).put(words, lane, zeros, cols);
            }
        }
    }

    private static Scales room(TensorType type, int panels) {
        boolean shared = ScaleBlocks.shared(type);
        return new Scales(
                ScaleBlocks.brain(type),
                new int[panels][],
                type.blockSize() / type.groupSize(),
                new int[shared ? panels : 0][]);
    }

    private static void makeRoom(Scales scales, int panel, CodeRows rows) {
        if (scales.present()) {
            scales.floats()[panel] = new int[PANEL * ((rows.blocks + 1) / 2)];
        }
        if (scales.shared()) {
            scales.multiples()[panel] =
                    new int[PANEL * rows.blocks * (scales.groupsPerFloat() / 4)];
        }
    }

    private static void place(boolean offsets, Scales scales, int panel, int lane, CodeRows rows) {
        if (scales.present()) {
            rows.placeFloats(offsets, lane, scales.floats()[panel]);
        }
        if (scales.shared()) {
            rows.placeMultiples(offsets, lane, scales.multiples()[panel]);
        }
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
                    });
        }

        /** Refuses scales of a panel that are not finite. */
        void check(Scales scales, int panel) {
            if (!scales.present()) {
                return;
            }
            int[] floats = scales.floats()[panel];
            int exponent = scales.brain() ? 0x7F80 : 0x7C00;
            for (int i = 0; i < floats.length; i++) {
                boolean high = (floats[i] >> 16 & exponent) == exponent;
                if (high || (floats[i] & exponent) == exponent) {
                    int lane = i % PANEL;
                    int index = i / PANEL * 2 + (high ? 1 : 0);
                    float[] found = {scales.at(panel, index * scales.groupsPerFloat(), lane)};
                    find(
                            panel * PANEL + lane,
                            (matrix, own) ->
                                    NonFiniteException.check(found, 1, matrix.name(), own));
                }
            }
        }
    }
}
