package dev.loupe.inside;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Points in few dimensions that keep as much of the distances between vectors as any such picture
 * can (Pearson 1901). Of each axis the coordinate that is furthest from zero is positive.
 *
 * @param points {@code [vector][dimension]}, around zero
 * @param explained the share of all variance that lies along each axis
 */
public record PrincipalComponents(double[][] points, double[] explained) {
    private static final int SWEEPS = 100;

    /**
     * Those of some vectors.
     *
     * @throws IllegalArgumentException if there are fewer than two vectors, or not more vectors
     *     than dimensions
     */
    public static PrincipalComponents of(List<float[]> vectors, int dimensions) {
        int n = vectors.size();
        if (n < 2 || dimensions < 1 || dimensions >= n) {
            throw new IllegalArgumentException(
                    "principal components: found %d vectors for %d dimensions, expected more vectors than dimensions"
                            .formatted(n, dimensions));
        }
        // a few tokens of many numbers: the products between tokens are the small matrix
        double[][] products = products(centred(vectors));
        double[][] axes = identity(n);
        jacobi(products, axes);
        int[] order =
                IntStream.range(0, n)
                        .boxed()
                        .sorted(Comparator.comparingDouble((Integer i) -> -products[i][i]))
                        .mapToInt(Integer::intValue)
                        .toArray();
        double total = IntStream.range(0, n).mapToDouble(i -> Math.max(0, products[i][i])).sum();
        double[][] points = new double[n][dimensions];
        double[] explained = new double[dimensions];
        for (int d = 0; d < dimensions; d++) {
            int column = order[d];
            double value = Math.max(0, products[column][column]);
            explained[d] = total == 0 ? 0 : value / total;
            double sign = sign(axes, column);
            for (int i = 0; i < n; i++) {
                points[i][d] = sign * Math.sqrt(value) * axes[i][column];
            }
        }
        return new PrincipalComponents(points, explained);
    }

    private static double sign(double[][] axes, int column) {
        double furthest = 0;
        for (double[] row : axes) {
            furthest = Math.abs(row[column]) > Math.abs(furthest) + 1e-12 ? row[column] : furthest;
        }
        return furthest < 0 ? -1 : 1;
    }

    private static double[][] centred(List<float[]> vectors) {
        int cols = vectors.getFirst().length;
        double[][] rows = new double[vectors.size()][cols];
        for (int c = 0; c < cols; c++) {
            double mean = 0;
            for (float[] vector : vectors) {
                mean += vector[c] / (double) vectors.size();
            }
            for (int i = 0; i < rows.length; i++) {
                rows[i][c] = vectors.get(i)[c] - mean;
            }
        }
        return rows;
    }

    private static double[][] products(double[][] rows) {
        double[][] products = new double[rows.length][rows.length];
        for (int i = 0; i < rows.length; i++) {
            for (int j = 0; j <= i; j++) {
                double dot = 0;
                for (int c = 0; c < rows[i].length; c++) {
                    dot += rows[i][c] * rows[j][c];
                }
                products[i][j] = dot;
                products[j][i] = dot;
            }
        }
        return products;
    }

    private static double[][] identity(int n) {
        double[][] identity = new double[n][n];
        for (int i = 0; i < n; i++) {
            identity[i][i] = 1;
        }
        return identity;
    }

    /** Turns a symmetric matrix until it is diagonal (Jacobi 1846), and the axes with it. */
    private static void jacobi(double[][] a, double[][] axes) {
        int n = a.length;
        double size = Arrays.stream(a).flatMapToDouble(Arrays::stream).map(x -> x * x).sum();
        for (int sweep = 0; sweep < SWEEPS; sweep++) {
            double off = 0;
            for (int p = 0; p < n; p++) {
                for (int q = p + 1; q < n; q++) {
                    off += a[p][q] * a[p][q];
                }
            }
            if (off <= 1e-24 * size) {
                return;
            }
            for (int p = 0; p < n; p++) {
                for (int q = p + 1; q < n; q++) {
                    if (a[p][q] != 0) {
                        turn(a, axes, p, q);
                    }
                }
            }
        }
    }

    private static void turn(double[][] a, double[][] axes, int p, int q) {
        double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
        double t = Math.copySign(1, theta) / (Math.abs(theta) + Math.hypot(theta, 1));
        double c = 1 / Math.hypot(t, 1);
        double s = t * c;
        for (int i = 0; i < a.length; i++) {
            double ip = a[i][p];
            a[i][p] = c * ip - s * a[i][q];
            a[i][q] = s * ip + c * a[i][q];
        }
        for (int i = 0; i < a.length; i++) {
            double pi = a[p][i];
            a[p][i] = c * pi - s * a[q][i];
            a[q][i] = s * pi + c * a[q][i];
        }
        for (double[] row : axes) {
            double ip = row[p];
            row[p] = c * ip - s * row[q];
            row[q] = s * ip + c * row[q];
        }
    }
}
