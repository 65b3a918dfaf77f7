package dev.loupe.kernels.vector;

import static dev.loupe.kernels.vector.Lanes.F;
import static dev.loupe.kernels.vector.Lanes.L;

import dev.loupe.kernels.Tensor;

import jdk.incubator.vector.FloatVector;

import org.jspecify.annotations.Nullable;

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

    static void products(float[] a, int fromA, float[] b, int fromB, float[] y, int to, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector v = FloatVector.fromArray(F, b, fromB + i);
            FloatVector.fromArray(F, a, fromA + i).mul(v).intoArray(y, to + i);
        }
        for (; i < n; i++) {
            y[to + i] = a[fromA + i] * b[fromB + i];
        }
    }

    static void quotients(float[] x, int from, float divisor, float[] y, int to, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector.fromArray(F, x, from + i).div(divisor).add(0f).intoArray(y, to + i);
        }
        for (; i < n; i++) {
            y[to + i] = x[from + i] / divisor + 0f;
        }
    }

    static void addRows(Tensor x, int col, float[] sums, int to, int n) {
        float[] in = x.data();
        int c = 0;
        for (; c <= n - L; c += L) {
            FloatVector sum = FloatVector.fromArray(F, sums, to + c);
            int at = x.offset() + col + c;
            for (int r = 0; r < x.rows(); r++, at += x.stride()) {
                sum = sum.add(FloatVector.fromArray(F, in, at));
            }
            sum.intoArray(sums, to + c);
        }
        for (; c < n; c++) {
            for (int r = 0; r < x.rows(); r++) {
                sums[to + c] += in[x.row(r) + col + c];
            }
        }
    }

    static void softmaxBackward(
            float[] p, int from, float[] inner, int start, float[] dp, int at, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector v = FloatVector.fromArray(F, inner, start + i);
            v = FloatVector.fromArray(F, dp, at + i).sub(v);
            FloatVector.fromArray(F, p, from + i).mul(v).intoArray(dp, at + i);
        }
        for (; i < n; i++) {
            dp[at + i] = p[from + i] * (dp[at + i] - inner[start + i]);
        }
    }

    static void normalize(
            float[] x,
            int from,
            float mean,
            float factor,
            float[] weight,
            float @Nullable [] bias,
            float[] y,
            int to) {
        int n = weight.length;
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector h = FloatVector.fromArray(F, x, from + i).sub(mean).mul(factor);
            h = h.mul(FloatVector.fromArray(F, weight, i));
            if (bias != null) {
                h = h.add(FloatVector.fromArray(F, bias, i));
            }
            h.intoArray(y, to + i);
        }
        for (; i < n; i++) {
            float h = (x[from + i] - mean) * factor * weight[i];
            y[to + i] = bias == null ? h : h + bias[i];
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
