package dev.loupe.kernels.vector;

import static dev.loupe.kernels.vector.Lanes.F;
import static dev.loupe.kernels.vector.Lanes.L;

import dev.loupe.kernels.Reduction;

import jdk.incubator.vector.FloatVector;

/**
 * Sums in sixteen chains, as {@link Reduction} has them: number {@code i} belongs to chain {@code i
 * % 16}, and what is left at the end to the first. A chain is a lane; vectors of fewer lanes take
 * turns.
 */
final class VectorReduction {
    private static final int CHAINS = 16;

    private VectorReduction() {}

    static float sum(float[] x, int from, int n) {
        float[] sums = new float[CHAINS];
        int whole = n / CHAINS * CHAINS;
        for (int lane = 0; lane < CHAINS; lane += L) {
            FloatVector sum = FloatVector.zero(F);
            for (int i = lane; i < whole; i += CHAINS) {
                sum = sum.add(FloatVector.fromArray(F, x, from + i));
            }
            sum.intoArray(sums, lane);
        }
        for (int i = whole; i < n; i++) {
            sums[0] += x[from + i];
        }
        return Reduction.sum(sums);
    }

    static float squares(float[] x, int from, int n, float mean) {
        float[] sums = new float[CHAINS];
        int whole = n / CHAINS * CHAINS;
        for (int lane = 0; lane < CHAINS; lane += L) {
            FloatVector sum = FloatVector.zero(F);
            for (int i = lane; i < whole; i += CHAINS) {
                FloatVector v = FloatVector.fromArray(F, x, from + i).sub(mean);
                sum = v.fma(v, sum);
            }
            sum.intoArray(sums, lane);
        }
        for (int i = whole; i < n; i++) {
            float a = x[from + i] - mean;
            sums[0] = Math.fma(a, a, sums[0]);
        }
        return Reduction.sum(sums);
    }

    static float dot(float[] x, int from, float[] y, int start, int n) {
        float[] sums = new float[CHAINS];
        int whole = n / CHAINS * CHAINS;
        for (int lane = 0; lane < CHAINS; lane += L) {
            FloatVector sum = FloatVector.zero(F);
            for (int i = lane; i < whole; i += CHAINS) {
                FloatVector v = FloatVector.fromArray(F, x, from + i);
                sum = v.fma(FloatVector.fromArray(F, y, start + i), sum);
            }
            sum.intoArray(sums, lane);
        }
        for (int i = whole; i < n; i++) {
            sums[0] = Math.fma(x[from + i], y[start + i], sums[0]);
        }
        return Reduction.sum(sums);
    }

    static float dot(float[] x, int from, float[] y, float[] z, int n) {
        float[] sums = new float[CHAINS];
        int whole = n / CHAINS * CHAINS;
        for (int lane = 0; lane < CHAINS; lane += L) {
            FloatVector sum = FloatVector.zero(F);
            for (int i = lane; i < whole; i += CHAINS) {
                FloatVector v = FloatVector.fromArray(F, y, i);
                v = FloatVector.fromArray(F, x, from + i).mul(v);
                sum = v.fma(FloatVector.fromArray(F, z, i), sum);
            }
            sum.intoArray(sums, lane);
        }
        for (int i = whole; i < n; i++) {
            sums[0] = Math.fma(x[from + i] * y[i], z[i], sums[0]);
        }
        return Reduction.sum(sums);
    }
}
