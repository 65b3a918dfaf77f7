package dev.loupe.kernels;

import java.lang.foreign.MemorySegment;

/** A matrix as a file holds it, row by row; what a {@link Weight} is packed from. */
public interface StoredRows {
    /** What the file calls it; errors quote it. */
    String name();

    TensorType type();

    int rows();

    /** How many numbers a row has: a whole number of the type's blocks. */
    int cols();

    /** The bytes of one row, {@code type().bytes(cols())} of them. */
    MemorySegment row(int row);

    /** Nobody needs the bytes for now: the memory that they take may be given back. */
    default void release() {}
}
