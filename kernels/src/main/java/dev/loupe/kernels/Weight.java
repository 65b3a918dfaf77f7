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
     * Integer codes with a scale, and for some types an offset, for each group of columns: a number
     * is {@code scale * (code - zero) + offset}.
     *
     * @param groupSize how many columns share a scale: 16 or 32
     * @param zero the code that stands for zero
     * @param codes {@code [panel][k * bits / 32 * 16 + lane]}, as {@link Coding} says
     * @param offsets {@link Scales#NONE} where there are none
     */
    record Codes(
            int rows,
            int cols,
            Coding coding,
            int groupSize,
            int zero,
            int[][] codes,
            Scales scales,
            Scales offsets)
            implements Weight {
        /** How many groups a row has. */
        public int groups() {
            return cols / groupSize;
        }

        @Override
        public void row(int row, float[] out, int offset) {
            int panel = row / PANEL;
            int lane = row % PANEL;
            for (int group = 0; group < groups(); group++) {
                float scale = scales.at(panel, group, lane);
                float shift = offsets.present() ? offsets.at(panel, group, lane) : 0;
                for (int k = group * groupSize; k < (group + 1) * groupSize; k++) {
                    float scaled = scale * (coding.code(codes[panel], lane, k) - zero);
                    // adding a zero would turn -0 into 0
                    out[offset + k] = offsets.present() ? scaled + shift : scaled;
                }
            }
        }

        @Override
        public long bytes() {
            return 4L * PANEL * codes.length * (cols * coding.bits() / 32)
                    + scales.bytes()
                    + offsets.bytes();
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
