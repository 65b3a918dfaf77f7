package dev.loupe.inside;

import dev.loupe.kernels.StoredRows;
import dev.loupe.kernels.Threads;

/**
 * A window of a matrix in fewer cells: each stands for a few rows and columns, and shows the number
 * of the largest magnitude among them, so that what stands out is seen however small the picture.
 *
 * @param cells {@code [row, col]} of the picture
 * @param places which number of its cell each one is, counted row by row within the cell, each row
 *     as long as {@code eachCol}
 */
public record PooledMatrix(NamedArray cells, NamedArray places) {
    /**
     * Pools a window. The last cells may stand for fewer numbers.
     *
     * @param eachRow how many rows a cell stands for
     * @param eachCol how many columns a cell stands for
     * @param check is called often, by any thread, and may throw to end the work
     * @throws IllegalArgumentException if the window leaves the matrix, or a cell has no numbers
     */
    public static PooledMatrix of(
            StoredRows matrix,
            MatrixWindow window,
            int eachRow,
            int eachCol,
            Threads threads,
            Runnable check) {
        window.checkWithin(matrix);
        if (eachRow < 1 || eachCol < 1) {
            throw new IllegalArgumentException(
                    "a cell: found %d rows and %d columns, expected at least 1"
                            .formatted(eachRow, eachCol));
        }
        int high = Math.ceilDiv(window.rows(), eachRow);
        int wide = Math.ceilDiv(window.cols(), eachCol);
        int[] shape = {high, wide};
        float[] cells = new float[Math.multiplyExact(high, wide)];
        PooledMatrix pooled =
                new PooledMatrix(
                        new NamedArray("cells", shape, cells),
                        new NamedArray("places", shape, new float[cells.length]));
        threads.each(
                high,
                1,
                (worker, from, to) -> {
                    float[] numbers = new float[matrix.cols()];
                    for (int y = from; y < to; y++) {
                        check.run();
                        int first = window.fromRow() + y * eachRow;
                        int rows = Math.min(eachRow, window.toRow() - first);
                        for (int row = 0; row < rows; row++) {
                            DecodedRows.read(matrix, first + row, numbers);
                            pooled.take(numbers, window, y, row, eachCol);
                        }
                    }
                });
        return pooled;
    }

    /** A row of the matrix, the {@code inCell}th of those that the cells of row {@code y} have. */
    private void take(float[] numbers, MatrixWindow window, int y, int inCell, int eachCol) {
        int wide = cells.shape()[1];
        for (int x = 0; x < wide; x++) {
            int cell = y * wide + x;
            int first = window.fromCol() + x * eachCol;
            int n = Math.min(eachCol, window.toCol() - first);
            for (int i = 0; i < n; i++) {
                float number = numbers[first + i];
                if (Math.abs(number) > Math.abs(cells.values()[cell])) {
                    cells.values()[cell] = number;
                    places.values()[cell] = inCell * eachCol + i;
                }
            }
        }
    }
}
