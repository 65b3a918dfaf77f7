package dev.loupe.kernels.vector;

import static dev.loupe.kernels.vector.Lanes.F;
import static dev.loupe.kernels.vector.Lanes.L;

import jdk.incubator.vector.FloatVector;

/**
 * Operations on numbers in the same place, a vector at a time. The JIT compiler would find the
 * vectors by itself if it knew that the arrays are not one.
 */
final class VectorElementwise {
    private VectorElementwise() {}

    static void addScaled(float s, float[] x, int from, float[] y, int to, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector v = FloatVector.fromArray(F, x, from + i).mul(s);
            FloatVector.fromArray(F, y, to + i).add(v).intoArray(y, to + i);
        }
        for (; i < n; i++) {
            y[to + i] += s * x[from + i];
        }
    }

    static void addProducts(float[] a, int fromA, float[] b, int fromB, float[] y, int to, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector v = FloatVector.fromArray(F, b, fromB + i);
            v = FloatVector.fromArray(F, a, fromA + i).mul(v);
            FloatVector.fromArray(F, y, to + i).add(v).intoArray(y, to + i);
        }
        for (; i < n; i++) {
            y[to + i] += a[fromA + i] * b[fromB + i];
        }
    }

    static void standardize(float[] x, int from, float mean, float factor, float[] y) {
        int i = 0;
        for (; i <= y.length - L; i += L) {
            FloatVector.fromArray(F, x, from + i).sub(mean).mul(factor).intoArray(y, i);
        }
        for (; i < y.length; i++) {
            y[i] = (x[from + i] - mean) * factor;
        }
    }

    static void standardizeBackward(
            float[] h,
            float[] weight,
            float factor,
            float mean,
            float slope,
            float[] dy,
            int from,
            float[] dx,
            int to) {
        int i = 0;
        for (; i <= h.length - L; i += L) {
            FloatVector g = FloatVector.fromArray(F, weight, i);
            g = FloatVector.fromArray(F, dy, from + i).mul(g).sub(mean);
            g = g.sub(FloatVector.fromArray(F, h, i).mul(slope)).mul(factor);
            FloatVector.fromArray(F, dx, to + i).add(g).intoArray(dx, to + i);
        }
        for (; i < h.length; i++) {
            dx[to + i] += factor * (dy[from + i] * weight[i] - mean - h[i] * slope);
        }
    }
}
