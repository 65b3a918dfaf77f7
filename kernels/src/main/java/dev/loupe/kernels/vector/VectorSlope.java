package dev.loupe.kernels.vector;

import static dev.loupe.kernels.Slope.*;
import static dev.loupe.kernels.vector.Lanes.F;
import static dev.loupe.kernels.vector.Lanes.L;

import dev.loupe.kernels.Activation;
import dev.loupe.kernels.Slope;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** {@link Slope}, a vector at a time. */
final class VectorSlope {
    private VectorSlope() {}

    private static FloatVector sigmoid(FloatVector minus) {
        return FloatVector.broadcast(F, 1f).div(VectorExponential.exp(minus).add(1f));
    }

    private static FloatVector oneMinus(FloatVector s) {
        return FloatVector.broadcast(F, 1f).sub(s);
    }

    static void silu(float[] x, int from, float[] y, int to, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector v = FloatVector.fromArray(F, x, from + i);
            FloatVector s = sigmoid(v.neg());
            s.mul(v.mul(oneMinus(s)).add(1f)).intoArray(y, to + i);
        }
        rest(Activation.SILU, x, from, y, to, i, n);
    }

    static void geluTanh(float[] x, int from, float[] y, int to, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector v = FloatVector.fromArray(F, x, from + i);
            FloatVector u = v.add(v.mul(TANH_CUBE).mul(v).mul(v)).mul(-TANH_SLOPE);
            FloatVector s = sigmoid(u);
            FloatVector inner = v.mul(3f * TANH_CUBE).mul(v).add(1f).mul(TANH_SLOPE);
            s.mul(v.mul(oneMinus(s)).mul(inner).add(1f)).intoArray(y, to + i);
        }
        rest(Activation.GELU_TANH, x, from, y, to, i, n);
    }

    static void gelu(float[] x, int from, float[] y, int to, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector v = FloatVector.fromArray(F, x, from + i);
            FloatVector density = VectorExponential.exp(v.mul(-0.5f).mul(v)).mul(DENSITY);
            VectorMask<Float> zero = v.compare(VectorOperators.EQ, 0f);
            FloatVector below = VectorExponential.gelu(v).div(v).blend(0.5f, zero);
            below.add(v.mul(density)).intoArray(y, to + i);
        }
        rest(Activation.GELU, x, from, y, to, i, n);
    }

    private static void rest(
            Activation f, float[] x, int from, float[] y, int to, int first, int n) {
        for (int i = first; i < n; i++) {
            y[to + i] = Slope.of(f, x[from + i]);
        }
    }
}
