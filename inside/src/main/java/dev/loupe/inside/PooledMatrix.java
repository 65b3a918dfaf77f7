package dev.loupe.inside;

import dev.loupe.kernels.StoredRows;
import dev.loupe.kernels.Threads;

/**
 * A window of a matrix in fewer cells: each stands for a few rows and columns, and shows the number
 * of the largest magnitude among them, so that what stands out is seen however small the picture.
 *
 * @param cells {@code [row, col]} of the picture
 * @param places which number of its cell each one is, counted row by row within the cell
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
        if (window.toRow() > matrix.rows() || window.toCol() > matrix.cols()) {
            throw new IllegalArgumentException(
                    "window: found rows to %d and columns to %d, expected at most %d and %d"
                            .formatted(
                                    window.toRow(), window.toCol(), matrix.rows(), matrix.cols()));
        }
        if (eachRow < 1 || eachCol < 1) {
            throw new IllegalArgumentException(
                    "a cell: found %d rows and %d columns, expected at least 1"
                            .formatted(eachRow, eachCol));
        }
        int high = Math.ceilDiv(window.rows(), eachRow);
        int wide = Math.ceilDiv(window.cols(), eachCol);
        float[] cells = new float[Math.multiplyExact(high, wide)];
        float[] places = new float[cells.length];
        threads.each(
                high,
                1,
                (worker, from, to) -> {
                    float[] numbers = new float[matrix.cols()];
                    for (int y = from; y < to; y++) {
                        check.run();
                        int first = window.fromRow() + y * eachRow;
                        for (int row = first;
                                row < Math.min(first + eachRow, window.toRow());
                                row++) {
                            DecodedRows.read(matrix, row, numbers);
                            for (int col = window.fromCol(); col < window.toCol(); col++) {
                                int right = col - window.fromCol();
                                int cell = y * wide + right / eachCol;
                                if (Math.abs(numbers[col]) > Math.abs(cells[cell])) {
                                    cells[cell] = numbers[col];
                                    places[cell] = (row - first) * eachCol + right % eachCol;
                                }
                            }
                        }
                    }
                });
        int[] shape = {high, wide};
        return new PooledMatrix(
                new NamedArray("cells", shape, cells), new NamedArray("places", shape, places));
    }
}
