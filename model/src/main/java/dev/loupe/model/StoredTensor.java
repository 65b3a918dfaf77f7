package dev.loupe.model;

import dev.loupe.kernels.StoredRows;
import dev.loupe.kernels.TensorType;

import java.lang.foreign.MemorySegment;

/**
 * A tensor as it lies in a file: {@code rows} rows of {@code cols} numbers, row after row, in the
 * type that the file has. A vector is one row.
 *
 * @param name what the file calls it; errors quote it
 * @param rows outputs of a linear map, or entries of a table
 * @param cols inputs of a linear map, or the width of a table
 * @param data exactly {@code type.bytes(rows * cols)} bytes, little-endian
 */
public record StoredTensor(String name, TensorType type, int rows, int cols, MemorySegment data)
        implements StoredRows {
    public StoredTensor {
        if (rows < 1 || cols < 1) {
            throw new IllegalArgumentException(
                    name + ": shape [" + rows + ", " + cols + "] has an empty side");
        }
        if (cols % type.blockSize() != 0) {
            throw new IllegalArgumentException(
                    name
                            + ": rows of "
                            + cols
                            + " are not whole "
                            + type
                            + " blocks of "
                            + type.blockSize());
        }
        long bytes = Math.multiplyExact((long) rows, type.bytes(cols));
        if (data.byteSize() != bytes) {
            throw new IllegalArgumentException(
                    name
                            + ": found "
                            + data.byteSize()
                            + " bytes, expected "
                            + bytes
                            + " for ["
                            + rows
                            + ", "
                            + cols
                            + "] of "
                            + type);
        }
    }

    /** The bytes of one row. */
    @Override
    public MemorySegment row(int row) {
        long bytes = type.bytes(cols);
        return data.asSlice(row * bytes, bytes);
    }

    /** Lets go of the pages of a mapped file; whoever reads them again finds them in the file. */
    @Override
    public void release() {
        if (data.isMapped()) {
            data.unload();
        }
    }
}
