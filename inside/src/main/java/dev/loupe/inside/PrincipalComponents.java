package dev.loupe.inside;

import java.util.List;

/**
 * Points in few dimensions that keep as much of the distances between vectors as any such picture
 * can (Pearson 1901). Of each axis the coordinate that is furthest from zero is positive.
 *
 * @param points {@code [vector][dimension]}, around zero
 * @param explained the share of all variance that lies along each axis
 * @param mean of the vectors
 * @param directions the axes, {@code [dimension][nEmbd]}, each of length 1, or 0 where the vectors
 *     do not differ any more
 */
public record PrincipalComponents(
        double[][] points, double[] explained, double[] mean, double[][] directions) {
    /** So many vectors are compared each with each; with more, that takes too long. */
    private static final int FEW = 100;

    /** The square of what rounding makes of a number, and some. */
    static final double ROUNDING = 1e-24;

    /**
     * Those of some vectors.
     *
     * @throws IllegalArgumentException if there are fewer than two vectors, or not more vectors
     *     than dimensions
     */
    public static PrincipalComponents of(List<float[]> vectors, int dimensions) {
        return of(vectors, dimensions, () -> {});
    }

    /**
     * The same.
     *
     * @param check is called while it works; it throws to end that
     */
    public static PrincipalComponents of(List<float[]> vectors, int dimensions, Runnable check) {
        int n = vectors.size();
        if (n < 2 || dimensions < 1 || dimensions >= n) {
            throw new IllegalArgumentException(
                    "principal components: found %d vectors for %d dimensions, expected more vectors than dimensions"
                            .formatted(n, dimensions));
        }
        double[] mean = mean(vectors);
        double[][] rows = centred(vectors, mean);
        Eigenpairs pairs =
                n <= FEW
                        // a few tokens of many numbers: the products between are the small matrix
                        ? Eigenpairs.all(products(rows))
                        : Eigenpairs.leading(n, dimensions, v -> multiplied(rows, v, check));
        return new Axes(rows, mean, dimensions).along(pairs);
    }

    /** Where a vector lies, be it one of these or another. */
    public double[] place(float[] vector) {
        double[] place = new double[directions.length];
        for (int d = 0; d < place.length; d++) {
            for (int c = 0; c < mean.length; c++) {
                place[d] += directions[d][c] * (vector[c] - mean[c]);
            }
        }
        return place;
    }

    private record Axes(double[][] rows, double[] mean, int dimensions) {
        PrincipalComponents along(Eigenpairs pairs) {
            double total = 0;
            for (double[] row : rows) {
                total += squares(row);
            }
            // vectors that are all the same differ by the rounding of their mean
            if (total <= ROUNDING * rows.length * squares(mean)) {
                total = 0;
            }
            double[][] points = new double[rows.length][dimensions];
            double[] explained = new double[dimensions];
            double[][] directions = new double[dimensions][mean.length];
            for (int d = 0; d < dimensions; d++) {
                double[] vector = pairs.vectors()[d];
                double value = Math.max(0, pairs.values()[d]);
                explained[d] = total == 0 ? 0 : value / total;
                double length = sign(vector) * Math.sqrt(value);
                for (int i = 0; i < rows.length; i++) {
                    points[i][d] = length * vector[i];
                }
                // what is left behind the last difference is rounding, and has no direction
                if (total > 0 && value > 1e-12 * total) {
                    directions[d] = direction(vector, length);
                }
            }
            return new PrincipalComponents(points, explained, mean, directions);
        }

        private double[] direction(double[] vector, double length) {
            double[] direction = new double[mean.length];
            for (int i = 0; i < rows.length; i++) {
                for (int c = 0; c < direction.length; c++) {
                    direction[c] += vector[i] / length * rows[i][c];
                }
            }
            return direction;
        }
    }

    private static double squares(double[] row) {
        double squares = 0;
        for (double x : row) {
            squares += x * x;
        }
        return squares;
    }

    private static double sign(double[] coordinates) {
        double furthest = 0;
        for (double x : coordinates) {
            furthest = Math.abs(x) > Math.abs(furthest) + 1e-12 ? x : furthest;
        }
        return furthest < 0 ? -1 : 1;
    }

    private static double[] mean(List<float[]> vectors) {
        double[] mean = new double[vectors.getFirst().length];
        for (float[] vector : vectors) {
            for (int c = 0; c < mean.length; c++) {
                mean[c] += vector[c] / (double) vectors.size();
            }
        }
        return mean;
    }

    private static double[][] centred(List<float[]> vectors, double[] mean) {
        double[][] rows = new double[vectors.size()][mean.length];
        for (int i = 0; i < rows.length; i++) {
            for (int c = 0; c < mean.length; c++) {
                rows[i][c] = vectors.get(i)[c] - mean[c];
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

    /** What the products between all rows make of a vector, without having them. */
    private static double[] multiplied(double[][] rows, double[] vector, Runnable check) {
        check.run();
        double[] sum = new double[rows[0].length];
        for (int i = 0; i < rows.length; i++) {
            for (int c = 0; c < sum.length; c++) {
                sum[c] += vector[i] * rows[i][c];
            }
        }
        double[] result = new double[rows.length];
        for (int i = 0; i < rows.length; i++) {
            for (int c = 0; c < sum.length; c++) {
                result[i] += rows[i][c] * sum[c];
            }
        }
        return result;
    }
}
