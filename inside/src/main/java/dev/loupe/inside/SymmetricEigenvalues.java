package dev.loupe.inside;

import dev.loupe.kernels.Threads;

import java.util.Arrays;
import java.util.function.DoubleConsumer;

/**
 * The eigenvalues of a symmetric matrix: reflections bring it to three diagonals, and rotations
 * with a shift shrink the outer two until they are nothing beside the middle one. (Householder
 * 1958; Francis 1961; Wilkinson 1968; as Golub and Van Loan, Matrix Computations, 4th edition,
 * algorithms 8.3.1 to 8.3.3 have them, without the vectors.)
 */
final class SymmetricEigenvalues {
    private static final double EPSILON = Math.ulp(1.0) / 2;

    /** Rotations bring out a value in two or three sweeps; so many mean that something is wrong. */
    private static final int MOST_SWEEPS = 60;

    private final double[][] a;
    private final Threads threads;
    private final double[] diagonal;
    private final double[] beside;

    private SymmetricEigenvalues(double[][] a, Threads threads) {
        this.a = a;
        this.threads = threads;
        diagonal = new double[a.length];
        beside = new double[Math.max(0, a.length - 1)];
    }

    /**
     * Those of a matrix, smallest first.
     *
     * @param a {@code [n][n]}, both halves filled; its numbers are used up
     * @param progress is told the share that is done, and may throw to end the work
     */
    static double[] of(double[][] a, Threads threads, DoubleConsumer progress) {
        SymmetricEigenvalues values = new SymmetricEigenvalues(a, threads);
        values.reduce(progress);
        values.rotate();
        Arrays.sort(values.diagonal);
        return values.diagonal;
    }

    /** To three diagonals, a row and a column at a time. */
    private void reduce(DoubleConsumer progress) {
        int n = a.length;
        double[] v = new double[n];
        double[] w = new double[n];
        for (int k = 0; k < n - 1; k++) {
            double left = (double) (n - k) / n;
            progress.accept(1 - left * left * left);
            diagonal[k] = a[k][k];
            double factor = reflection(k, v);
            if (factor == 0) {
                continue;
            }
            int from = k + 1;
            threads.each(
                    n - from,
                    32,
                    (worker, first, end) -> {
                        for (int i = from + first; i < from + end; i++) {
                            w[i] = factor * product(a[i], v, from);
                        }
                    });
            double half = factor / 2 * product(w, v, from);
            for (int i = from; i < n; i++) {
                w[i] -= half * v[i];
            }
            threads.each(
                    n - from,
                    32,
                    (worker, first, end) -> {
                        for (int i = from + first; i < from + end; i++) {
                            subtract(a[i], v[i], w, w[i], v, from);
                        }
                    });
        }
        diagonal[n - 1] = a[n - 1][n - 1];
    }

    /**
     * The reflection {@code 1 - factor * v v^T} that leaves of row {@code k} one number beside the
     * diagonal.
     *
     * @return the factor; 0 if nothing else is there
     */
    private double reflection(int k, double[] v) {
        double[] row = a[k];
        int from = k + 1;
        double scale = 0;
        for (int j = from + 1; j < row.length; j++) {
            scale = Math.max(scale, Math.abs(row[j]));
        }
        if (scale == 0) {
            beside[k] = row[from];
            return 0;
        }
        // squares of what is scaled neither vanish nor overflow
        scale = Math.max(scale, Math.abs(row[from]));
        double squares = 0;
        for (int j = from; j < row.length; j++) {
            v[j] = row[j] / scale;
            squares += v[j] * v[j];
        }
        double length = Math.copySign(Math.sqrt(squares), v[from]);
        beside[k] = -length * scale;
        double factor = 1 / (squares + v[from] * length);
        v[from] += length;
        return factor;
    }

    private static double product(double[] x, double[] y, int from) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int i = from;
        for (; i + 4 <= x.length; i += 4) {
            a += x[i] * y[i];
            b += x[i + 1] * y[i + 1];
            c += x[i + 2] * y[i + 2];
            d += x[i + 3] * y[i + 3];
        }
        for (; i < x.length; i++) {
            a += x[i] * y[i];
        }
        return a + b + (c + d);
    }

    private static void subtract(
            double[] row, double vi, double[] w, double wi, double[] v, int from) {
        for (int j = from; j < row.length; j++) {
            row[j] -= vi * w[j] + wi * v[j];
        }
    }

    /** Until the diagonal is all there is. */
    private void rotate() {
        int end = diagonal.length - 1;
        int sweeps = 0;
        while (end > 0) {
            if (negligible(end - 1)) {
                end--;
                sweeps = 0;
                continue;
            }
            if (++sweeps > MOST_SWEEPS) {
                throw new IllegalStateException(
                        "eigenvalue %d: not found in %d sweeps".formatted(end, MOST_SWEEPS));
            }
            int start = end - 1;
            while (start > 0 && !negligible(start - 1)) {
                start--;
            }
            sweep(start, end);
        }
    }

    private boolean negligible(int i) {
        double around = Math.abs(diagonal[i]) + Math.abs(diagonal[i + 1]);
        return Math.abs(beside[i]) <= EPSILON * around + Double.MIN_NORMAL;
    }

    /** One implicit step with Wilkinson's shift on the part {@code [start, end]}. */
    private void sweep(int start, int end) {
        double b = beside[end - 1];
        double half = (diagonal[end - 1] - diagonal[end]) / 2;
        double shift = diagonal[end] - b * (b / (half + Math.copySign(Math.hypot(half, b), half)));
        double x = diagonal[start] - shift;
        double z = beside[start];
        for (int k = start; k < end; k++) {
            double length = Math.hypot(x, z);
            double c = length == 0 ? 1 : x / length;
            double s = length == 0 ? 0 : z / length;
            if (k > start) {
                beside[k - 1] = length;
            }
            double upper = diagonal[k];
            double lower = diagonal[k + 1];
            double middle = beside[k];
            diagonal[k] = c * c * upper + 2 * c * s * middle + s * s * lower;
            diagonal[k + 1] = s * s * upper - 2 * c * s * middle + c * c * lower;
            beside[k] = c * s * (lower - upper) + (c * c - s * s) * middle;
            if (k < end - 1) {
                x = beside[k];
                z = s * beside[k + 1];
                beside[k + 1] *= c;
            }
        }
    }
}
