package dev.loupe.kernels;

import java.util.Objects;

/**
 * A matrix of activations, {@code [rows, cols]}: a window onto an array, so that a range of rows or
 * columns is a tensor too and costs no copy. Row {@code r} starts at {@code offset + r * stride}.
 *
 * <p>The first {@code generated} rows belong to tokens that the model drew, the others to tokens of
 * a prompt. Products may use another arithmetic for each kind; which one is the token's affair
 * alone, so that a sequence's bits never depend on its neighbours in a batch.
 */
public record Tensor(float[] data, int offset, int rows, int cols, int stride, int generated) {
    public Tensor {
        if (rows < 0 || cols < 0 || stride < cols || generated < 0 || generated > rows) {
            throw new IllegalArgumentException(
                    "no tensor has rows %d, cols %d, stride %d, generated %d"
                            .formatted(rows, cols, stride, generated));
        }
        Objects.checkFromIndexSize(
                offset,
                rows == 0 ? 0 : Math.addExact(Math.multiplyExact(rows - 1, stride), cols),
                data.length);
    }

    /** A tensor of zeros, of prompt tokens. */
    public static Tensor of(int rows, int cols) {
        return of(rows, cols, 0);
    }

    /** A tensor of zeros whose first {@code generated} rows are generated tokens. */
    public static Tensor of(int rows, int cols, int generated) {
        return new Tensor(
                new float[Math.multiplyExact(rows, cols)], 0, rows, cols, cols, generated);
    }

    /** Where a row starts in {@link #data}. */
    public int row(int r) {
        return offset + r * stride;
    }

    public float at(int r, int c) {
        return data[row(r) + Objects.checkIndex(c, cols)];
    }

    /** The rows {@code [from, from + n)}, sharing the array. */
    public Tensor rows(int from, int n) {
        Objects.checkFromIndexSize(from, n, rows);
        return new Tensor(
                data,
                n == 0 ? offset : row(from),
                n,
                cols,
                stride,
                Math.clamp(generated - from, 0, n));
    }

    /** The columns {@code [from, from + n)} of every row, sharing the array. */
    public Tensor columns(int from, int n) {
        Objects.checkFromIndexSize(from, n, cols);
        return new Tensor(data, offset + from, rows, n, stride, generated);
    }

    /** The same numbers in an array of their own. */
    public Tensor copy() {
        Tensor copy = of(rows, cols, generated);
        for (int r = 0; r < rows; r++) {
            System.arraycopy(data, row(r), copy.data, copy.row(r), cols);
        }
        return copy;
    }
}
