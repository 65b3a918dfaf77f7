package dev.loupe.inside;

import dev.loupe.kernels.StoredRows;
import dev.loupe.kernels.Threads;

import java.util.Arrays;
import java.util.function.DoubleConsumer;

/**
 * The singular values of a matrix: how much it stretches along each of the directions that it keeps
 * at right angles. They are the roots of the eigenvalues of the Gram matrix of the smaller side,
 * {@code A^T A} or {@code A A^T}, which is summed in double precision.
 *
 * <p>Squares halve the digits: the error of a squared value is about 1e-15 of the largest squared
 * value. Beside itself, a value that is a thousandth of the largest is good to about 1e-9, and one
 * below 3e-8 of the largest is rounding alone.
 *
 * @param values largest first, as many as the smaller side is long
 */
public record SingularValues(double[] values) {
    /** The most that is done for one matrix: about a minute on two busy cores. */
    public static final long MOST_WORK = 350_000_000_000L;

    /**
     * Reducing a large Gram matrix waits for memory: a multiplication takes so many times as long.
     */
    private static final double REDUCTION = 6;

    /**
     * What a matrix needs, in multiplications of the Gram matrix: a billion take 0.1 to 0.2 seconds
     * on two cores.
     */
    public static long work(int rows, int cols) {
        double small = Math.min(rows, cols);
        return (long) (0.5 * small * small * Math.max(rows, cols) + reduction(small));
    }

    private static double reduction(double side) {
        return REDUCTION * side * side * side;
    }

    /**
     * Computes those of a matrix.
     *
     * @param progress is told the share that is done, and may throw to end the work
     * @throws IllegalArgumentException if it takes more than {@link #MOST_WORK}
     */
    public static SingularValues of(StoredRows matrix, Threads threads, DoubleConsumer progress) {
        long work = work(matrix.rows(), matrix.cols());
        if (work > MOST_WORK) {
            throw new IllegalArgumentException(
                    ("singular values of [%d, %d] take %,d billion multiplications, more than a"
                                    + " minute; at most %,d billion are done")
                            .formatted(
                                    matrix.rows(),
                                    matrix.cols(),
                                    work / 1_000_000_000,
                                    MOST_WORK / 1_000_000_000));
        }
        double gramShare =
                1 - reduction(Math.min(matrix.rows(), matrix.cols())) / Math.max(1, work);
        double[][] gram =
                GramMatrix.of(matrix, threads, share -> progress.accept(share * gramShare));
        double[] squares =
                SymmetricEigenvalues.of(
                        gram,
                        threads,
                        share -> progress.accept(gramShare + share * (1 - gramShare)));
        double[] values = new double[squares.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = Math.sqrt(Math.max(0, squares[values.length - 1 - i]));
        }
        return new SingularValues(values);
    }

    /** The sum of their squares, which is that of all numbers of the matrix. */
    public double squaredNorm() {
        return Arrays.stream(values).map(x -> x * x).sum();
    }

    /**
     * Over how many directions the squares are spread: {@code exp(-sum of p ln p)}, where {@code p}
     * is the share of each squared value in their sum. One direction alone gives 1, n alike give n,
     * a matrix of zeros 0. (Roy and Vetterli 2007, "The effective rank", take the values themselves
     * in place of their squares.)
     */
    public double effectiveRank() {
        double sum = squaredNorm();
        if (sum == 0) {
            return 0;
        }
        double entropy = 0;
        for (double x : values) {
            double p = x * x / sum;
            entropy -= p == 0 ? 0 : p * Math.log(p);
        }
        return Math.exp(entropy);
    }
}
