package dev.loupe.inside;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Places of tokens along directions that somebody chose, and along the principal ones of what those
 * leave.
 *
 * @param points {@code [token][axis]}: along a chosen axis the product with a direction of length
 *     1; along a principal one around zero
 * @param explained the share of all variance that lies along each axis; those of chosen axes that
 *     are not at right angles overlap
 * @param cosines of the angles between the chosen axes, {@code [axis][axis]}
 */
public record Placement(double[][] points, double[] explained, double[][] cosines) {
    /**
     * Places tokens.
     *
     * @param vectors of the tokens, at least one
     * @param chosen directions, none of length 0
     * @param axes how many in all; those that are left when the tokens differ no more are zero
     * @param check is called while it works; it throws to end that
     * @throws IllegalArgumentException if there is no vector, if more directions are chosen than
     *     there are axes, or if one has no length
     */
    public static Placement of(
            List<float[]> vectors, List<float[]> chosen, int axes, Runnable check) {
        if (vectors.isEmpty() || chosen.size() > axes) {
            throw new IllegalArgumentException(
                    "places: found %d vectors and %d directions, expected 1 or more and at most %d"
                            .formatted(vectors.size(), chosen.size(), axes));
        }
        List<double[]> directions = chosen.stream().map(Placement::ofLengthOne).toList();
        double[][] points = new double[vectors.size()][axes];
        double[] explained = new double[axes];
        double all = variance(vectors);
        for (int axis = 0; axis < directions.size(); axis++) {
            for (int i = 0; i < points.length; i++) {
                points[i][axis] = dot(vectors.get(i), directions.get(axis));
            }
            explained[axis] = all == 0 ? 0 : variance(points, axis) / all;
        }
        int more = Math.min(axes - chosen.size(), vectors.size() - 1);
        if (more > 0) {
            List<float[]> rest = without(vectors, directions);
            PrincipalComponents found = PrincipalComponents.of(rest, more, check);
            double share = all == 0 ? 0 : variance(rest) / all;
            for (int d = 0; d < more; d++) {
                int axis = chosen.size() + d;
                explained[axis] = share * found.explained()[d];
                for (int i = 0; i < points.length; i++) {
                    points[i][axis] = found.points()[i][d];
                }
            }
        }
        return new Placement(points, explained, cosines(directions));
    }

    private static double[] ofLengthOne(float[] direction) {
        double[] one = new double[direction.length];
        double length = Math.sqrt(dot(direction, direction));
        if (length == 0) {
            throw new IllegalArgumentException(
                    "an axis has no direction: it leads from a word to the same word");
        }
        for (int c = 0; c < one.length; c++) {
            one[c] = direction[c] / length;
        }
        return one;
    }

    /** The vectors less what lies along some directions. */
    private static List<float[]> without(List<float[]> vectors, List<double[]> directions) {
        List<double[]> apart = new ArrayList<>();
        for (double[] direction : directions) {
            double[] left = direction.clone();
            apart.forEach(other -> take(left, other));
            double length = Math.sqrt(dot(left, left));
            if (length > 1e-6) {
                apart.add(Arrays.stream(left).map(x -> x / length).toArray());
            }
        }
        List<float[]> rest = new ArrayList<>();
        for (float[] vector : vectors) {
            double[] left = new double[vector.length];
            for (int c = 0; c < left.length; c++) {
                left[c] = vector[c];
            }
            apart.forEach(direction -> take(left, direction));
            float[] rounded = new float[left.length];
            for (int c = 0; c < left.length; c++) {
                rounded[c] = (float) left[c];
            }
            rest.add(rounded);
        }
        return rest;
    }

    private static void take(double[] from, double[] direction) {
        double along = dot(from, direction);
        for (int c = 0; c < from.length; c++) {
            from[c] -= along * direction[c];
        }
    }

    private static double variance(List<float[]> vectors) {
        double sum = 0;
        for (int c = 0; c < vectors.getFirst().length; c++) {
            int column = c;
            double[] values = vectors.stream().mapToDouble(v -> v[column]).toArray();
            sum += variance(values);
        }
        double squares = vectors.stream().mapToDouble(v -> dot(v, v)).sum();
        return sum <= PrincipalComponents.ROUNDING * squares ? 0 : sum;
    }

    private static double variance(double[][] points, int axis) {
        return variance(Arrays.stream(points).mapToDouble(p -> p[axis]).toArray());
    }

    private static double variance(double[] values) {
        double mean = Arrays.stream(values).average().orElse(0);
        return Arrays.stream(values).map(x -> (x - mean) * (x - mean)).sum();
    }

    private static double[][] cosines(List<double[]> directions) {
        double[][] cosines = new double[directions.size()][directions.size()];
        for (int i = 0; i < cosines.length; i++) {
            for (int j = 0; j < cosines.length; j++) {
                cosines[i][j] = dot(directions.get(i), directions.get(j));
            }
        }
        return cosines;
    }

    private static double dot(float[] a, float[] b) {
        double dot = 0;
        for (int c = 0; c < a.length; c++) {
            dot += (double) a[c] * b[c];
        }
        return dot;
    }

    private static double dot(float[] a, double[] b) {
        double dot = 0;
        for (int c = 0; c < a.length; c++) {
            dot += a[c] * b[c];
        }
        return dot;
    }

    private static double dot(double[] a, double[] b) {
        double dot = 0;
        for (int c = 0; c < a.length; c++) {
            dot += a[c] * b[c];
        }
        return dot;
    }
}
