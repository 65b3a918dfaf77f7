package dev.loupe.files;

import dev.loupe.kernels.TensorType;

import java.nio.file.Path;
import java.util.List;

/** A tensor of any number of dimensions as rows of its innermost one. */
record TensorShape(int rows, int cols) {
    /**
     * Checks the dimensions that a file claims.
     *
     * @param dimensions the outermost first
     * @throws ModelFileException if one is less than 1, or rows or columns exceed an int
     */
    static TensorShape of(Path file, String field, List<Long> dimensions) {
        long rows = 1;
        long cols = 1;
        for (int i = 0; i < dimensions.size(); i++) {
            long length = dimensions.get(i);
            if (length < 1 || length > Integer.MAX_VALUE) {
                throw new ModelFileException(
                        file, field, "shape " + dimensions, "sides from 1 to " + Integer.MAX_VALUE);
            }
            if (i == dimensions.size() - 1) {
                cols = length;
            } else if (rows * length > Integer.MAX_VALUE) {
                throw new ModelFileException(
                        file,
                        field,
                        "shape " + dimensions,
                        "at most " + Integer.MAX_VALUE + " rows");
            } else {
                rows *= length;
            }
        }
        return new TensorShape((int) rows, (int) cols);
    }

    /** How many bytes it takes, if its rows are whole blocks of the type. */
    long bytes(Path file, String field, TensorType type) {
        if (cols % type.blockSize() != 0) {
            throw new ModelFileException(
                    file,
                    field,
                    "rows of " + cols,
                    "a multiple of " + type.blockSize() + " for " + type);
        }
        long bytes = type.bytes(cols);
        if (rows > Long.MAX_VALUE / bytes) {
            throw new ModelFileException(
                    file,
                    field,
                    rows + " rows of " + bytes + " bytes",
                    "a tensor that fits a file");
        }
        return rows * bytes;
    }
}
