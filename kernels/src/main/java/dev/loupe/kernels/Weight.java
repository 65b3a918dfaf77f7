package dev.loupe.kernels;

import java.util.List;

/**
 * A matrix of parameters {@code [rows, cols]}: each row holds what one output takes from the {@code
 * cols} inputs. The numbers keep the precision of their file, and are re-laid in panels of {@link
 * #PANEL} rows: what the same column of 16 rows holds lies side by side, so that one lane of a
 * vector computes one output. Rows past the last are zero.
 */
public sealed interface Weight {
    /** How many rows lie side by side. */
    int PANEL = 16;

    int rows();

    int cols();

    /** Decodes row {@code row} to {@code out[offset .. offset + cols)}. */
    void row(int row, float[] out, int offset);

    /** How many bytes the numbers take in memory. */
    long bytes();

    /** How many panels hold the rows. */
    default int panels() {
        return (rows() + PANEL - 1) / PANEL;
    }

    /** 32-bit floats; {@code panels[p][k * 16 + lane]}. */
    record Floats(int rows, int cols, float[][] data) implements Weight {
        @Override
        public void row(int row, float[] out, int offset) {
            float[] panel = data[row / PANEL];
            for (int k = 0; k < cols; k++) {
                out[offset + k] = panel[k * PANEL + row % PANEL];
            }
        }

        @Override
        public long bytes() {
            return 4L * PANEL * cols * data.length;
        }
    }

    /**
     * 16-bit floats, two columns of a row to an int: {@code panels[p][k / 2 * 16 + lane]}, the even
     * column in the low half.
     *
     * @param brain true for bfloat16, false for IEEE half precision
     */
    record Halves(int rows, int cols, boolean brain, int[][] data) implements Weight {
        @Override
        public void row(int row, float[] out, int offset) {
            int[] panel = data[row / PANEL];
            for (int k = 0; k < cols; k++) {
                int pair = panel[k / 2 * PANEL + row % PANEL];
                short half = (short) (k % 2 == 0 ? pair : pair >> 16);
                out[offset + k] =
                        brain ? Float.intBitsToFloat(half << 16) : Float.float16ToFloat(half);
            }
        }

        @Override
        public long bytes() {
            return 4L * PANEL * ((cols + 1) / 2) * data.length;
        }
    }

    /**
     * Integer codes with a scale and an offset for each group of columns: a number is {@code scale
     * * code + offset}.
     *
     * @param bits 4 for codes from 0 to 15, eight columns of a row to an int; 8 for codes from -128
     *     to 127, four to an int; the lowest bits hold the first column
     * @param groupSize how many columns share a scale: 16 or 32
     * @param codes {@code [panel][k / (32 / bits) * 16 + lane]}
     * @param scales {@code [panel][k / groupSize * 16 + lane]}
     * @param offsets laid as the scales; empty where all are zero
     */
    record Codes(
            int rows,
            int cols,
            int bits,
            int groupSize,
            int[][] codes,
            float[][] scales,
            float[][] offsets)
            implements Weight {
        /** How many columns an int holds. */
        public int perInt() {
            return 32 / bits;
        }

        public boolean hasOffsets() {
            return offsets.length > 0;
        }

        @Override
        public void row(int row, float[] out, int offset) {
            int panel = row / PANEL;
            int lane = row % PANEL;
            for (int k = 0; k < cols; k++) {
                int word = codes[panel][k / perInt() * PANEL + lane];
                int group = k / groupSize * PANEL + lane;
                float scaled = scales[panel][group] * code(word, k);
                out[offset + k] = hasOffsets() ? scaled + offsets[panel][group] : scaled;
            }
        }

        private int code(int word, int k) {
            return bits == 4 ? word >>> (4 * (k % 8)) & 0xF : word << (24 - 8 * (k % 4)) >> 24;
        }

        @Override
        public long bytes() {
            long groups = (long) (cols / groupSize) * (hasOffsets() ? 2 : 1);
            return 4L * PANEL * codes.length * (cols / perInt() + groups);
        }
    }

    /** Several matrices with the same inputs, one above the other: query, key and value, say. */
    record Stack(List<Weight> parts) implements Weight {
        public Stack {
            parts = List.copyOf(parts);
            for (Weight part : parts) {
                if (part.cols() != parts.getFirst().cols()) {
                    throw new IllegalArgumentException(
                            "stacked matrices have "
                                    + part.cols()
                                    + " and "
                                    + parts.getFirst().cols()
                                    + " columns");
                }
            }
        }

        @Override
        public int rows() {
            return parts.stream().mapToInt(Weight::rows).sum();
        }

        @Override
        public int cols() {
            return parts.getFirst().cols();
        }

        @Override
        public void row(int row, float[] out, int offset) {
            int above = 0;
            for (Weight part : parts) {
                if (row < above + part.rows()) {
                    part.row(row - above, out, offset);
                    return;
                }
                above += part.rows();
            }
            throw new IndexOutOfBoundsException("row " + row + " of " + above);
        }

        @Override
        public long bytes() {
            return parts.stream().mapToLong(Weight::bytes).sum();
        }
    }
}
