package dev.loupe.kernels.vector;

import static dev.loupe.kernels.Exponential.*;
import static dev.loupe.kernels.vector.Lanes.F;
import static dev.loupe.kernels.vector.Lanes.L;

import dev.loupe.kernels.Activation;
import dev.loupe.kernels.Exponential;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** {@link Exponential}, a vector at a time. */
final class VectorExponential {
    private VectorExponential() {}

    static FloatVector exp(FloatVector x) {
        VectorMask<Float> tiny = x.compare(VectorOperators.LT, LOWEST);
        // min and max, which see to NaN and -0 as well, take three times as long
        VectorMask<Float> large = x.compare(VectorOperators.GT, HIGHEST);
        FloatVector clamped = x.blend(HIGHEST, large).blend(LOWEST, tiny);
        FloatVector rounded = clamped.fma(FloatVector.broadcast(F, LOG2_E), broadcast(ROUND));
        FloatVector n = rounded.sub(ROUND);
        FloatVector r = n.fma(broadcast(-LN2_LOW), n.fma(broadcast(-LN2_HIGH), clamped));
        FloatVector p = broadcast(P4).fma(r, broadcast(P3));
        p = p.fma(r, broadcast(P2)).fma(r, broadcast(P1)).fma(r, broadcast(P0));
        FloatVector power = p.fma(r.mul(r), r).add(1f);
        IntVector exponent =
                rounded.reinterpretAsInts().add(127).lanewise(VectorOperators.LSHL, 23);
        return power.mul(exponent.reinterpretAsFloats()).blend(0f, tiny);
    }

    private static FloatVector broadcast(float value) {
        return FloatVector.broadcast(F, value);
    }

    static void exp(float[] x, int from, float[] y, int to, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            exp(FloatVector.fromArray(F, x, from + i)).intoArray(y, to + i);
        }
        for (; i < n; i++) {
            y[to + i] = Exponential.exp(x[from + i]);
        }
    }

    static void expOfDifference(
            float[] x, int from, float[] y, int start, float[] z, int to, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector v = FloatVector.fromArray(F, y, start + i);
            exp(FloatVector.fromArray(F, x, from + i).sub(v)).intoArray(z, to + i);
        }
        for (; i < n; i++) {
            z[to + i] = Exponential.exp(x[from + i] - y[start + i]);
        }
    }

    static void silu(float[] x, int from, float[] y, int to, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector v = FloatVector.fromArray(F, x, from + i);
            v.div(exp(v.neg()).add(1f)).intoArray(y, to + i);
        }
        for (; i < n; i++) {
            y[to + i] = Exponential.activate(Activation.SILU, x[from + i]);
        }
    }

    static void geluTanh(float[] x, int from, float[] y, int to, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector v = FloatVector.fromArray(F, x, from + i);
            FloatVector cubed = v.mul(TANH_CUBE).mul(v).fma(v, v);
            v.div(exp(cubed.mul(-TANH_SLOPE)).add(1f)).intoArray(y, to + i);
        }
        for (; i < n; i++) {
            y[to + i] = Exponential.activate(Activation.GELU_TANH, x[from + i]);
        }
    }

    static void gelu(float[] x, int from, float[] y, int to, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            gelu(FloatVector.fromArray(F, x, from + i)).intoArray(y, to + i);
        }
        for (; i < n; i++) {
            y[to + i] = Exponential.activate(Activation.GELU, x[from + i]);
        }
    }

    static FloatVector gelu(FloatVector v) {
        FloatVector z = v.abs().mul(SQRT_HALF);
        FloatVector t = broadcast(1f).div(broadcast(ERFC_SHRINK).fma(z, broadcast(1f)));
        FloatVector tail = t.mul(0.5f).mul(polynomial(t)).mul(exp(z.neg().mul(z)));
        VectorMask<Float> negative = v.compare(VectorOperators.LT, 0f);
        return v.mul(broadcast(1f).sub(tail).blend(tail, negative));
    }

    private static FloatVector polynomial(FloatVector t) {
        FloatVector p = broadcast(E8).fma(t, broadcast(E7)).fma(t, broadcast(E6));
        p = p.fma(t, broadcast(E5)).fma(t, broadcast(E4)).fma(t, broadcast(E3));
        return p.fma(t, broadcast(E2)).fma(t, broadcast(E1)).fma(t, broadcast(E0));
    }
}
