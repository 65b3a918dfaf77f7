package dev.loupe.kernels.vector;

import dev.loupe.kernels.Activation;
import dev.loupe.kernels.Activations;
import dev.loupe.kernels.Blocking;
import dev.loupe.kernels.Kernels;
import dev.loupe.kernels.Panels;
import dev.loupe.kernels.RunningSoftmax;
import dev.loupe.kernels.Strips;
import dev.loupe.kernels.Tensor;
import dev.loupe.kernels.Weight;

import org.jspecify.annotations.Nullable;

/** The provider that {@link Kernels} finds where the vector module is there. */
public final class VectorKernels implements Kernels {
    @Override
    public String name() {
        return "vector " + Lanes.F.vectorBitSize();
    }

    @Override
    public void decode(Weight weight, int panel, float[] out, int offset) {
        PanelDecoding.decode(weight, panel, out, offset);
    }

    @Override
    public void multiply(float[] panels, int from, int length, boolean add, Tensor x, Tensor y) {
        PanelProduct.multiply(panels, from, length, add, x, y);
    }

    @Override
    public void multiplyTransposed(
            float[] panels, int from, int length, boolean add, Tensor x, Tensor y) {
        TransposedProduct.multiply(panels, from, length, add, x, y);
    }

    @Override
    public void multiply(Panels w, int panel, int step, boolean add, Strips x, Tensor y) {
        StripProduct.multiply(w, panel, step, add, x, y);
    }

    @Override
    public Blocking blocking() {
        return PanelProduct.MANY_REGISTERS ? Blocking.LONG : Blocking.NEAR;
    }

    @Override
    public void accumulate(Panels dy, int panel, Strips x, float[][] dw, int input) {
        StripProduct.accumulate(dy, panel, x, dw, input);
    }

    @Override
    public void pack(Tensor x, int col, Panels out, int panel, int step) {
        StripProduct.pack(x, col, out, panel, step);
    }

    @Override
    public void strip(Tensor x, float[] out, int at) {
        if (x.cols() == Strips.WIDTH) {
            StripProduct.strip(x, out, at);
        } else {
            Kernels.super.strip(x, out, at);
        }
    }

    @Override
    public void multiply(Weight weight, int from, int to, Activations x, float[] y, int offset) {
        GeneratedProduct.multiply(weight, from, to, x, y, offset);
    }

    @Override
    public void multiplyTogether(Weight weight, int from, int to, Activations[] tokens, Tensor y) {
        if (weight instanceof Weight.Codes codes) {
            SharedProduct.multiply(codes, from, to, tokens, y);
        } else {
            Kernels.super.multiplyTogether(weight, from, to, tokens, y);
        }
    }

    @Override
    public void softmaxStep(Tensor scores, int[] from, int[] to, RunningSoftmax softmax) {
        VectorSoftmax.step(scores, from, to, softmax);
    }

    @Override
    public void activate(Activation f, float[] x, int xOffset, float[] y, int yOffset, int n) {
        switch (f) {
            case SILU -> VectorExponential.silu(x, xOffset, y, yOffset, n);
            case GELU -> VectorExponential.gelu(x, xOffset, y, yOffset, n);
            case GELU_TANH -> VectorExponential.geluTanh(x, xOffset, y, yOffset, n);
        }
    }

    @Override
    public void exp(float[] x, int xOffset, float[] y, int yOffset, int n) {
        VectorExponential.exp(x, xOffset, y, yOffset, n);
    }

    @Override
    public void slope(Activation f, float[] x, int xOffset, float[] y, int yOffset, int n) {
        switch (f) {
            case SILU -> VectorSlope.silu(x, xOffset, y, yOffset, n);
            case GELU -> VectorSlope.gelu(x, xOffset, y, yOffset, n);
            case GELU_TANH -> VectorSlope.geluTanh(x, xOffset, y, yOffset, n);
        }
    }

    @Override
    public void addScaled(float s, float[] x, int xOffset, float[] y, int yOffset, int n) {
        VectorElementwise.addScaled(s, x, xOffset, y, yOffset, n);
    }

    @Override
    public void addProducts(
            float[] a, int aOffset, float[] b, int bOffset, float[] y, int yOffset, int n) {
        VectorElementwise.addProducts(a, aOffset, b, bOffset, y, yOffset, n);
    }

    @Override
    public void products(
            float[] a, int aOffset, float[] b, int bOffset, float[] y, int yOffset, int n) {
        VectorElementwise.products(a, aOffset, b, bOffset, y, yOffset, n);
    }

    @Override
    public void quotients(float[] x, int xOffset, float divisor, float[] y, int yOffset, int n) {
        VectorElementwise.quotients(x, xOffset, divisor, y, yOffset, n);
    }

    @Override
    public void addRows(Tensor x, int col, float[] sums, int offset, int n) {
        VectorElementwise.addRows(x, col, sums, offset, n);
    }

    @Override
    public void normalize(
            float[] x,
            int xOffset,
            float mean,
            float factor,
            float[] weight,
            float @Nullable [] bias,
            float[] y,
            int yOffset) {
        VectorElementwise.normalize(x, xOffset, mean, factor, weight, bias, y, yOffset);
    }

    @Override
    public float sum(float[] x, int from, int n) {
        return VectorReduction.sum(x, from, n);
    }

    @Override
    public float squares(float[] x, int from, int n, float mean) {
        return VectorReduction.squares(x, from, n, mean);
    }

    @Override
    public float dot(float[] x, int from, float[] y, int start, int n) {
        return VectorReduction.dot(x, from, y, start, n);
    }

    @Override
    public float dot(float[] x, int from, float[] y, float[] z, int n) {
        return VectorReduction.dot(x, from, y, z, n);
    }

    @Override
    public void expOfDifference(
            float[] x, int xOffset, float[] y, int yOffset, float[] z, int zOffset, int n) {
        VectorExponential.expOfDifference(x, xOffset, y, yOffset, z, zOffset, n);
    }

    @Override
    public void softmaxBackward(
            float[] p, int pOffset, float[] inner, int innerOffset, float[] dp, int at, int n) {
        VectorElementwise.softmaxBackward(p, pOffset, inner, innerOffset, dp, at, n);
    }

    @Override
    public void standardize(float[] x, int xOffset, float mean, float factor, float[] y) {
        VectorElementwise.standardize(x, xOffset, mean, factor, y);
    }

    @Override
    public void standardizeBackward(
            float[] h,
            float[] weight,
            float factor,
            float mean,
            float slope,
            float[] dy,
            int dyOffset,
            float[] dx,
            int dxOffset) {
        VectorElementwise.standardizeBackward(
                h, weight, factor, mean, slope, dy, dyOffset, dx, dxOffset);
    }
}
