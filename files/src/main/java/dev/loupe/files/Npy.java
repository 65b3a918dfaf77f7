package dev.loupe.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;

/** Writes NumPy arrays of float32 (NEP 1, the {@code .npy} format, version 1.0). */
public final class Npy {
    private Npy() {}

    /** Fills in the rows of a matrix, one after the other from the first. */
    @FunctionalInterface
    public interface Rows {
        /**
         * Fills in one row.
         *
         * @param out receives the row; has its length
         */
        void read(int row, float[] out);
    }

    /**
     * Writes a matrix {@code [rows, cols]} that need never be in memory as a whole.
     *
     * @throws ModelFileException if the file cannot be written
     */
    public static void write(Path file, int rows, int cols, Rows values) {
        if (rows < 0 || cols < 0) {
            throw new IllegalArgumentException("shape [" + rows + ", " + cols + "] is negative");
        }
        NewFile.write(file, out -> write(out, rows, cols, values));
    }

    /**
     * Writes a matrix {@code [rows, cols]} from an array that holds row after row.
     *
     * @throws ModelFileException if the file cannot be written
     */
    public static void write(Path file, int rows, int cols, float[] values) {
        if (values.length != (long) rows * cols) {
            throw new IllegalArgumentException(
                    values.length + " numbers are not [" + rows + ", " + cols + "]");
        }
        write(file, rows, cols, (row, out) -> System.arraycopy(values, row * cols, out, 0, cols));
    }

    private static void write(WritableByteChannel out, int rows, int cols, Rows values)
            throws IOException {
        NewFile.writeFully(out, ByteBuffer.wrap(header("<f4", rows, cols)));
        float[] row = new float[cols];
        ByteBuffer bytes =
                ByteBuffer.allocate(Math.multiplyExact(cols, 4)).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < rows; i++) {
            values.read(i, row);
            bytes.clear().asFloatBuffer().put(row);
            NewFile.writeFully(out, bytes);
        }
    }

    /** Magic, version, length, and a Python dict padded so that the data starts at 64 bytes. */
    static byte[] header(String type, int... shape) {
        // Python writes a tuple of one with a comma behind it
        String axes =
                Arrays.stream(shape).mapToObj(Integer::toString).collect(Collectors.joining(", "))
                        + (shape.length == 1 ? "," : "");
        String dict =
                "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }".formatted(type, axes);
        int before = 10 + dict.length() + 1;
        String text = dict + " ".repeat(Math.floorMod(-before, 64)) + "\n";
        byte[] ascii = text.getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(10 + ascii.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) 0x93)
                .put("NUMPY".getBytes(StandardCharsets.US_ASCII))
                .put((byte) 1)
                .put((byte) 0)
                .putShort((short) ascii.length)
                .put(ascii)
                .array();
    }
}
