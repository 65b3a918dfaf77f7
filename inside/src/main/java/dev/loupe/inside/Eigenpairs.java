package dev.loupe.inside;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/**
 * Eigenvalues of a symmetric matrix, the largest first, and their vectors of length 1.
 *
 * @param vectors {@code [pair][n]}
 */
record Eigenpairs(double[] values, double[][] vectors) {
    private static final int SWEEPS = 100;

    /** Vectors beyond those asked for: values that lie close together are told apart sooner. */
    private static final int MORE = 2;

    /** The length of {@code A v - lambda v}, beside the largest value, that is near enough. */
    private static final double NEAR = 1e-8;

    /** All of them (Jacobi 1846); the matrix is overwritten. */
    static Eigenpairs all(double[][] a) {
        int n = a.length;
        double[][] axes = new double[n][n];
        for (int i = 0; i < n; i++) {
            axes[i][i] = 1;
        }
        jacobi(a, axes);
        int[] order =
                IntStream.range(0, n)
                        .boxed()
                        .sorted(Comparator.comparingDouble((Integer i) -> -a[i][i]))
                        .mapToInt(Integer::intValue)
                        .toArray();
        double[] values = Arrays.stream(order).mapToDouble(i -> a[i][i]).toArray();
        double[][] vectors = new double[n][n];
        for (int pair = 0; pair < n; pair++) {
            for (int i = 0; i < n; i++) {
                vectors[pair][i] = axes[i][order[pair]];
            }
        }
        return new Eigenpairs(values, vectors);
    }

    /** Turns a symmetric matrix until it is diagonal, and the axes with it. */
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

    /**
     * The largest few of a large matrix, by the block Lanczos method with every vector kept
     * orthogonal to all before (Golub and Underwood 1977): it asks only what the matrix makes of a
     * vector.
     *
     * @param n rows
     * @param count at most n
     * @param a multiplies with the matrix, which has no value below zero
     */
    static Eigenpairs leading(int n, int count, UnaryOperator<double[]> a) {
        List<double[]> basis = new ArrayList<>();
        List<double[]> images = new ArrayList<>();
        List<double[]> block = start(n, Math.min(n, count + MORE));
        int check = 4 * count;
        while (true) {
            List<double[]> next = new ArrayList<>();
            for (double[] v : block) {
                if (basis.size() < n && orthogonal(v, basis)) {
                    basis.add(v);
                    double[] image = a.apply(v);
                    images.add(image);
                    next.add(image.clone());
                }
            }
            boolean whole = next.isEmpty() || basis.size() == n;
            if (whole || basis.size() >= check) {
                Eigenpairs found = within(basis, images, count);
                if (whole || found.near(basis, images)) {
                    return found.of(basis, count);
                }
                check = check + check / 2;
            }
            block = next;
        }
    }

    private static List<double[]> start(int n, int count) {
        // any start will do that is not orthogonal to what is looked for
        SplittableRandom random = new SplittableRandom(1);
        List<double[]> block = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            block.add(random.doubles(n, -1, 1).toArray());
        }
        return block;
    }

    /** Takes from a vector what lies along the others, and makes it 1 long, if anything is left. */
    private static boolean orthogonal(double[] v, List<double[]> others) {
        double before = Math.sqrt(dot(v, v));
        // once more, for what rounding left
        for (int pass = 0; pass < 2; pass++) {
            for (double[] other : others) {
                add(v, other, -dot(v, other));
            }
        }
        double length = Math.sqrt(dot(v, v));
        if (length <= 1e-12 * before) {
            return false;
        }
        for (int i = 0; i < v.length; i++) {
            v[i] /= length;
        }
        return true;
    }

    /** Those of the matrix as it is within a basis. */
    private static Eigenpairs within(List<double[]> basis, List<double[]> images, int count) {
        double[][] small = new double[basis.size()][basis.size()];
        for (int i = 0; i < small.length; i++) {
            for (int j = 0; j <= i; j++) {
                small[i][j] = dot(basis.get(i), images.get(j));
                small[j][i] = small[i][j];
            }
        }
        Eigenpairs all = all(small);
        int few = Math.min(count, small.length);
        return new Eigenpairs(Arrays.copyOf(all.values, few), Arrays.copyOf(all.vectors, few));
    }

    private boolean near(List<double[]> basis, List<double[]> images) {
        for (int pair = 0; pair < values.length; pair++) {
            double[] rest = combined(images, vectors[pair]);
            add(rest, combined(basis, vectors[pair]), -values[pair]);
            if (Math.sqrt(dot(rest, rest)) > NEAR * values[0]) {
                return false;
            }
        }
        return true;
    }

    /** The same in the numbers of the basis; pairs that it lacks have the value 0. */
    private Eigenpairs of(List<double[]> basis, int count) {
        double[][] whole = new double[count][basis.getFirst().length];
        for (int pair = 0; pair < values.length; pair++) {
            whole[pair] = combined(basis, vectors[pair]);
        }
        return new Eigenpairs(Arrays.copyOf(values, count), whole);
    }

    private static double[] combined(List<double[]> vectors, double[] weights) {
        double[] sum = new double[vectors.getFirst().length];
        for (int i = 0; i < weights.length; i++) {
            add(sum, vectors.get(i), weights[i]);
        }
        return sum;
    }

    private static double dot(double[] a, double[] b) {
        double dot = 0;
        for (int i = 0; i < a.length; i++) {
            dot += a[i] * b[i];
        }
        return dot;
    }

    private static void add(double[] to, double[] vector, double factor) {
        for (int i = 0; i < to.length; i++) {
            to[i] += factor * vector[i];
        }
    }
}
