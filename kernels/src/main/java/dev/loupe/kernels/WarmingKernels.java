package dev.loupe.kernels;

import org.jspecify.annotations.Nullable;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/**
 * Plain Java until the vectors are compiled. The Vector API runs at a hundredth of its speed until
 * the JIT compiler has worked on a kernel for some tenths of a second; a short run is over before
 * that. Both providers give the same bits, so each kernel switches by itself, at any time, on any
 * thread.
 *
 * <p>{@link KernelWarming} runs the vector kernels that have been asked for on the side, on small
 * samples of what they were asked to do, until they are faster than the plain ones.
 */
final class WarmingKernels implements Kernels {
    /** From so many rows on a prompt is worth vectors at once. */
    private static final int LONG_PROMPT = 64;

    /** From so many rows on tiles are larger. */
    private static final int MANY_ROWS = 12;

    private final Kernels plain;
    private final Kernels vectors;
    private final KernelWarming warming;

    private final VectorSwitch[] decode = switches(KINDS);
    private final VectorSwitch[] generated = switches(KINDS);
    private final VectorSwitch[] together = switches(2 * KINDS);
    private final VectorSwitch[] prompt = switches(8);
    private final VectorSwitch[] large = switches(4);
    private final VectorSwitch gradient = new VectorSwitch();
    private final VectorSwitch pack = new VectorSwitch();
    private final VectorSwitch transposed = new VectorSwitch();
    private final Map<Activation, VectorSwitch> activations = new EnumMap<>(Activation.class);
    private final Map<Activation, VectorSwitch> slopes = new EnumMap<>(Activation.class);
    private final VectorSwitch elementwise = new VectorSwitch();
    private final VectorSwitch softmax = new VectorSwitch();
    private final VectorSwitch exp = new VectorSwitch();

    WarmingKernels(Kernels plain, Kernels vectors, KernelWarming warming) {
        this.plain = plain;
        this.vectors = vectors;
        this.warming = warming;
        for (Activation f : Activation.values()) {
            activations.put(f, new VectorSwitch());
            slopes.put(f, new VectorSwitch());
        }
    }

    private static VectorSwitch[] switches(int n) {
        VectorSwitch[] switches = new VectorSwitch[n];
        for (int i = 0; i < n; i++) {
            switches[i] = new VectorSwitch();
        }
        return switches;
    }

    private void begin(VectorSwitch s, KernelWarming.Sample sample) {
        warming.begin(s, plain, vectors, sample);
    }

    /** How many numbers {@link #kind} gives: codes have 4 to 8 bits. */
    private static final int KINDS = 3 + 8 * 5;

    /** A number for all weights that take the same way through the kernels. */
    private static int kind(Weight weight) {
        return switch (weight) {
            case Weight.Floats w -> 0;
            case Weight.Halves w -> w.brain() ? 1 : 2;
            case Weight.Codes w ->
                    3
                            + 8 * (w.coding().bits() - 4)
                            + (w.groupSize() == 32 ? 4 : 0)
                            + (w.offsets().present() ? 2 : 0)
                            + (w.scales().shared() ? 1 : 0);
            case Weight.Stack w -> throw new IllegalArgumentException("a stack");
        };
    }

    @Override
    public String name() {
        return vectors.name();
    }

    @Override
    public boolean settled() {
        return warming.idle();
    }

    @Override
    public void decode(Weight weight, int panel, float[] out, int offset) {
        VectorSwitch s = decode[kind(weight)];
        if (s.on()) {
            vectors.decode(weight, panel, out, offset);
            return;
        }
        if (s.firstAsked()) {
            begin(s, WarmingSamples.decode(weight, panel));
        }
        plain.decode(weight, panel, out, offset);
    }

    @Override
    public void multiply(float[] panels, int from, int length, boolean add, Tensor x, Tensor y) {
        boolean many = x.rows() >= MANY_ROWS;
        boolean whole = y.cols() % (2 * Weight.PANEL) == 0;
        VectorSwitch s = prompt[(many ? 4 : 0) + (add ? 2 : 0) + (whole ? 1 : 0)];
        if (s.on()) {
            vectors.multiply(panels, from, length, add, x, y);
            return;
        }
        if (s.firstAsked()) {
            begin(s, WarmingSamples.prompt(add, x, y, MANY_ROWS));
        }
        if (x.rows() >= LONG_PROMPT) {
            warming.hurry();
        }
        plain.multiply(panels, from, length, add, x, y);
    }

    @Override
    public void multiplyTransposed(
            float[] panels, int from, int length, boolean add, Tensor x, Tensor y) {
        if (transposed.on()) {
            vectors.multiplyTransposed(panels, from, length, add, x, y);
            return;
        }
        if (transposed.firstAsked()) {
            begin(transposed, WarmingSamples.transposed());
            // who trains has time for nothing else
            warming.hurry();
        }
        plain.multiplyTransposed(panels, from, length, add, x, y);
    }

    @Override
    public Blocking blocking() {
        return vectors.blocking();
    }

    @Override
    public void multiply(Panels w, int panel, int step, boolean add, Strips x, Tensor y) {
        VectorSwitch s = large[(add ? 2 : 0) + (y.cols() % (2 * Weight.PANEL) == 0 ? 1 : 0)];
        if (s.on()) {
            vectors.multiply(w, panel, step, add, x, y);
            return;
        }
        if (s.firstAsked()) {
            begin(s, WarmingSamples.large(add, y));
            warming.hurry();
        }
        plain.multiply(w, panel, step, add, x, y);
    }

    @Override
    public void accumulate(Panels dy, int panel, Strips x, float[][] dw, int input) {
        if (gradient.on()) {
            vectors.accumulate(dy, panel, x, dw, input);
            return;
        }
        if (gradient.firstAsked()) {
            begin(gradient, WarmingSamples.gradient());
            // who trains has time for nothing else
            warming.hurry();
        }
        plain.accumulate(dy, panel, x, dw, input);
    }

    @Override
    public void pack(Tensor x, int col, Panels out, int panel, int step) {
        if (pack.on()) {
            vectors.pack(x, col, out, panel, step);
            return;
        }
        if (pack.firstAsked()) {
            begin(pack, WarmingSamples.pack());
        }
        plain.pack(x, col, out, panel, step);
    }

    @Override
    public void strip(Tensor x, float[] out, int at) {
        elementwise().strip(x, out, at);
    }

    @Override
    public void multiply(Weight weight, int from, int to, Activations x, float[] y, int offset) {
        VectorSwitch s = generated[kind(weight)];
        if (s.on()) {
            vectors.multiply(weight, from, to, x, y, offset);
            return;
        }
        if (s.firstAsked()) {
            // the first token is out, and each further one is little else
            warming.beginNow(s, plain, vectors, WarmingSamples.generated(weight, from));
        }
        plain.multiply(weight, from, to, x, y, offset);
    }

    @Override
    public void multiplyTogether(Weight weight, int from, int to, Activations[] tokens, Tensor y) {
        VectorSwitch s = together[2 * kind(weight) + (tokens.length > 4 ? 1 : 0)];
        if (s.on()) {
            vectors.multiplyTogether(weight, from, to, tokens, y);
            return;
        }
        if (s.firstAsked()) {
            warming.beginNow(
                    s, plain, vectors, WarmingSamples.together(weight, from, tokens.length));
        }
        plain.multiplyTogether(weight, from, to, tokens, y);
    }

    @Override
    public void softmaxStep(Tensor scores, int[] from, int[] to, RunningSoftmax softmax) {
        if (this.softmax.on()) {
            vectors.softmaxStep(scores, from, to, softmax);
            return;
        }
        if (this.softmax.firstAsked()) {
            begin(this.softmax, WarmingSamples.softmax(softmax.sum().cols()));
        }
        plain.softmaxStep(scores, from, to, softmax);
    }

    @Override
    public void activate(Activation f, float[] x, int xOffset, float[] y, int yOffset, int n) {
        VectorSwitch s = Objects.requireNonNull(activations.get(f));
        if (s.on()) {
            vectors.activate(f, x, xOffset, y, yOffset, n);
            return;
        }
        if (s.firstAsked()) {
            begin(s, WarmingSamples.activate(f));
        }
        plain.activate(f, x, xOffset, y, yOffset, n);
    }

    @Override
    public void exp(float[] x, int xOffset, float[] y, int yOffset, int n) {
        if (exp.on()) {
            vectors.exp(x, xOffset, y, yOffset, n);
            return;
        }
        if (exp.firstAsked()) {
            begin(exp, WarmingSamples.exp());
        }
        plain.exp(x, xOffset, y, yOffset, n);
    }

    @Override
    public void slope(Activation f, float[] x, int xOffset, float[] y, int yOffset, int n) {
        VectorSwitch s = Objects.requireNonNull(slopes.get(f));
        if (s.on()) {
            vectors.slope(f, x, xOffset, y, yOffset, n);
            return;
        }
        if (s.firstAsked()) {
            begin(s, WarmingSamples.slope(f));
        }
        plain.slope(f, x, xOffset, y, yOffset, n);
    }

    private Kernels elementwise() {
        if (elementwise.on()) {
            return vectors;
        }
        if (elementwise.firstAsked()) {
            begin(elementwise, WarmingSamples.elementwise());
        }
        return plain;
    }

    @Override
    public void addScaled(float s, float[] x, int xOffset, float[] y, int yOffset, int n) {
        elementwise().addScaled(s, x, xOffset, y, yOffset, n);
    }

    @Override
    public void addProducts(
            float[] a, int aOffset, float[] b, int bOffset, float[] y, int yOffset, int n) {
        elementwise().addProducts(a, aOffset, b, bOffset, y, yOffset, n);
    }

    @Override
    public void products(
            float[] a, int aOffset, float[] b, int bOffset, float[] y, int yOffset, int n) {
        elementwise().products(a, aOffset, b, bOffset, y, yOffset, n);
    }

    @Override
    public void quotients(float[] x, int xOffset, float divisor, float[] y, int yOffset, int n) {
        elementwise().quotients(x, xOffset, divisor, y, yOffset, n);
    }

    @Override
    public void addRows(Tensor x, int col, float[] sums, int offset, int n) {
        elementwise().addRows(x, col, sums, offset, n);
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
        elementwise().normalize(x, xOffset, mean, factor, weight, bias, y, yOffset);
    }

    @Override
    public float sum(float[] x, int from, int n) {
        return elementwise().sum(x, from, n);
    }

    @Override
    public float squares(float[] x, int from, int n, float mean) {
        return elementwise().squares(x, from, n, mean);
    }

    @Override
    public float dot(float[] x, int from, float[] y, int start, int n) {
        return elementwise().dot(x, from, y, start, n);
    }

    @Override
    public float dot(float[] x, int from, float[] y, float[] z, int n) {
        return elementwise().dot(x, from, y, z, n);
    }

    @Override
    public void expOfDifference(
            float[] x, int xOffset, float[] y, int yOffset, float[] z, int zOffset, int n) {
        elementwise().expOfDifference(x, xOffset, y, yOffset, z, zOffset, n);
    }

    @Override
    public void softmaxBackward(
            float[] p, int pOffset, float[] inner, int innerOffset, float[] dp, int at, int n) {
        elementwise().softmaxBackward(p, pOffset, inner, innerOffset, dp, at, n);
    }

    @Override
    public void standardize(float[] x, int xOffset, float mean, float factor, float[] y) {
        elementwise().standardize(x, xOffset, mean, factor, y);
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
        elementwise()
                .standardizeBackward(h, weight, factor, mean, slope, dy, dyOffset, dx, dxOffset);
    }
}
