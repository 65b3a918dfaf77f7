package dev.loupe.inside;

import dev.loupe.kernels.StoredRows;
import dev.loupe.kernels.Threads;

/**
 * Some rows and columns of a matrix: {@code [fromRow, toRow)} by {@code [fromCol, toCol)}.
 *
 * @param fromRow the first row
 * @param toRow one past the last
 * @param fromCol the first column
 * @param toCol one past the last
 */
public record MatrixWindow(int fromRow, int toRow, int fromCol, int toCol) {
    public MatrixWindow {
        if (fromRow < 0 || fromRow >= toRow || fromCol < 0 || fromCol >= toCol) {
            throw new IllegalArgumentException(
                    "window: found rows %d to %d and columns %d to %d, expected at least one of each"
                            .formatted(fromRow, toRow, fromCol, toCol));
        }
    }

    /** All of a matrix. */
    public static MatrixWindow of(StoredRows matrix) {
        return new MatrixWindow(0, matrix.rows(), 0, matrix.cols());
    }

    /** How many rows it has. */
    public int rows() {
        return toRow - fromRow;
    }

    /** How many columns it has. */
    public int cols() {
        return toCol - fromCol;
    }

    /**
     * Its numbers, {@code [rows, cols]}, by the name of the matrix.
     *
     * @param check is called often, by any thread, and may throw to end the work
     * @throws IllegalArgumentException if the window leaves the matrix
     */
    public NamedArray numbers(StoredRows matrix, Threads threads, Runnable check) {
        checkWithin(matrix);
        float[] all = new float[Math.multiplyExact(rows(), cols())];
        DecodedRows.each(
                matrix,
                fromRow,
                toRow,
                threads,
                (worker, row, numbers) -> {
                    check.run();
                    System.arraycopy(numbers, fromCol, all, (row - fromRow) * cols(), cols());
                });
        return new NamedArray(matrix.name(), new int[] {rows(), cols()}, all);
    }

    void checkWithin(StoredRows matrix) {
        if (toRow > matrix.rows() || toCol > matrix.cols()) {
            throw new IllegalArgumentException(
                    "window: found rows to %d and columns to %d, expected at most %d and %d"
                            .formatted(toRow, toCol, matrix.rows(), matrix.cols()));
        }
    }
}
