package dev.loupe.inside;

import dev.loupe.kernels.StoredRows;
import dev.loupe.kernels.Threads;

import java.util.function.DoubleConsumer;

/**
 * How the numbers of a matrix lie, over all of them; sums are in double precision.
 *
 * @param mean of all numbers
 * @param deviation the root of the mean square distance from the mean
 * @param least the smallest number, and where it stands first
 * @param largest the largest number, and where it stands first
 * @param norm the root of the sum of squares (Frobenius)
 * @param histogram how many numbers lie in each of {@link #BINS} bins of one width, from the least
 *     to the largest; the last bin has both its ends
 */
public record MatrixStatistics(
        double mean, double deviation, At least, At largest, double norm, long[] histogram) {
    /** How many bins a histogram has. */
    public static final int BINS = 101;

    /** A number and its place. */
    public record At(int row, int col, float value) {}

    /**
     * Reads a matrix twice, row by row.
     *
     * @param progress is told the share that is done, and may throw to end the work
     */
    public static MatrixStatistics of(StoredRows matrix, Threads threads, DoubleConsumer progress) {
        Sums sums = new Sums(matrix.rows());
        pass(matrix, threads, share -> progress.accept(share / 2), sums::take);
        long n = (long) matrix.rows() * matrix.cols();
        At least = sums.first(sums.least, matrix, false);
        At largest = sums.first(sums.largest, matrix, true);
        double mean = total(sums.sums) / n;
        double[] edges = edges(least.value, largest.value);
        long[][] counts = new long[threads.count()][BINS];
        double[] distances = new double[matrix.rows()];
        pass(
                matrix,
                threads,
                share -> progress.accept(0.5 + share / 2),
                (worker, row, numbers) -> {
                    double sum = 0;
                    for (float x : numbers) {
                        sum += (x - mean) * (x - mean);
                        counts[worker][bin(edges, x)]++;
                    }
                    distances[row] = sum;
                });
        long[] histogram = new long[BINS];
        for (long[] own : counts) {
            for (int i = 0; i < BINS; i++) {
                histogram[i] += own[i];
            }
        }
        return new MatrixStatistics(
                mean,
                Math.sqrt(total(distances) / n),
                least,
                largest,
                Math.sqrt(total(sums.squares)),
                histogram);
    }

    private static void pass(
            StoredRows matrix, Threads threads, DoubleConsumer progress, DecodedRows.Each each) {
        int step = DecodedRows.atOnce(matrix);
        for (int from = 0; from < matrix.rows(); from += step) {
            progress.accept((double) from / matrix.rows());
            DecodedRows.each(matrix, from, Math.min(matrix.rows(), from + step), threads, each);
        }
    }

    private static double total(double[] ofRows) {
        double total = 0;
        for (double x : ofRows) {
            total += x;
        }
        return total;
    }

    /** Where bins begin, and the last one ends. Numbers that are all the same get a bin of 1. */
    static double[] edges(float least, float largest) {
        double from = least == largest ? least - 0.5 : least;
        double to = least == largest ? largest + 0.5 : largest;
        double width = (to - from) / BINS;
        double[] edges = new double[BINS + 1];
        for (int i = 0; i < BINS; i++) {
            edges[i] = from + i * width;
        }
        edges[BINS] = to;
        return edges;
    }

    /** The edges decide, not the division, which may round over one of them. */
    private static int bin(double[] edges, double x) {
        double share = (x - edges[0]) / (edges[BINS] - edges[0]);
        int bin = Math.clamp((int) (share * BINS), 0, BINS - 1);
        if (x < edges[bin]) {
            return bin - 1;
        }
        return x >= edges[bin + 1] && bin < BINS - 1 ? bin + 1 : bin;
    }

    /** What the first reading finds in each row. */
    private static final class Sums {
        private final double[] sums;
        private final double[] squares;
        private final float[] least;
        private final float[] largest;

        Sums(int rows) {
            sums = new double[rows];
            squares = new double[rows];
            least = new float[rows];
            largest = new float[rows];
        }

        void take(int worker, int row, float[] numbers) {
            double sum = 0;
            double square = 0;
            float low = numbers[0];
            float high = numbers[0];
            for (float x : numbers) {
                sum += x;
                square += (double) x * x;
                low = Math.min(low, x);
                high = Math.max(high, x);
            }
            sums[row] = sum;
            squares[row] = square;
            least[row] = low;
            largest[row] = high;
        }

        /** The first place of the smallest or largest number. */
        At first(float[] ofRows, StoredRows matrix, boolean high) {
            int best = 0;
            for (int row = 1; row < ofRows.length; row++) {
                if (high ? ofRows[row] > ofRows[best] : ofRows[row] < ofRows[best]) {
                    best = row;
                }
            }
            float[] numbers = new float[matrix.cols()];
            DecodedRows.read(matrix, best, numbers);
            int col = 0;
            while (numbers[col] != ofRows[best]) {
                col++;
            }
            return new At(best, col, ofRows[best]);
        }
    }
}
