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
    public void multiply(float[] panels, int from, boolean add, Tensor x, Tensor y) {
        PanelProduct.multiply(panels, from, add, x, y);
    }

    @Override
    public void multiplyTransposed(float[] panels, int from, boolean add, Tensor x, Tensor y) {
        TransposedProduct.multiply(panels, from, add, x, y);
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
    public void pack(Tensor x, int col, Panels out, int panel) {
        StripProduct.pack(x, col, out, panel);
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
