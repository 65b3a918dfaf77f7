package dev.loupe.inside;

import dev.loupe.kernels.StoredRows;
import dev.loupe.kernels.Threads;

import java.util.function.DoubleConsumer;

/** The products of the rows of a matrix with each other, or of its columns if they are fewer. */
final class GramMatrix {
    /** Vectors that are decoded together. */
    private static final int DECODED = 512;

    /** Vectors that are added together: they stay in the cache while each row takes them in. */
    private static final int TOGETHER = 64;

    private GramMatrix() {}

    /** {@code [side][side]}, both halves filled. */
    static double[][] of(StoredRows matrix, Threads threads, DoubleConsumer progress) {
        boolean tall = matrix.rows() >= matrix.cols();
        int side = Math.min(matrix.rows(), matrix.cols());
        int length = Math.max(matrix.rows(), matrix.cols());
        double[][] gram = new double[side][side];
        double[][] vectors = new double[Math.min(DECODED, length)][side];
        for (int from = 0; from < length; from += DECODED) {
            int n = Math.min(DECODED, length - from);
            if (tall) {
                rows(matrix, from, n, vectors, threads);
            } else {
                columns(matrix, from, n, vectors, threads);
            }
            for (int first = 0; first < n; first += TOGETHER) {
                progress.accept((double) (from + first) / length);
                add(vectors, first, Math.min(n, first + TOGETHER), gram, threads);
            }
        }
        for (int i = 0; i < side; i++) {
            for (int j = 0; j < i; j++) {
                gram[i][j] = gram[j][i];
            }
        }
        return gram;
    }

    private static void rows(
            StoredRows matrix, int from, int n, double[][] vectors, Threads threads) {
        DecodedRows.each(
                matrix,
                from,
                from + n,
                threads,
                (worker, row, numbers) -> {
                    for (int i = 0; i < numbers.length; i++) {
                        vectors[row - from][i] = numbers[i];
                    }
                });
    }

    private static void columns(
            StoredRows matrix, int from, int n, double[][] vectors, Threads threads) {
        DecodedRows.each(
                matrix,
                0,
                matrix.rows(),
                threads,
                (worker, row, numbers) -> {
                    for (int c = 0; c < n; c++) {
                        vectors[c][row] = numbers[from + c];
                    }
                });
    }

    /** The half from the diagonal on. */
    private static void add(
            double[][] vectors, int first, int end, double[][] gram, Threads threads) {
        threads.each(
                gram.length,
                8,
                (worker, from, to) -> {
                    for (int i = from; i < to; i++) {
                        for (int at = first; at < end; at++) {
                            add(vectors[at], i, gram[i]);
                        }
                    }
                });
    }

    private static void add(double[] vector, int i, double[] sums) {
        double factor = vector[i];
        for (int j = i; j < sums.length; j++) {
            sums[j] += factor * vector[j];
        }
    }
}
