package dev.loupe.kernels;

import static dev.loupe.kernels.Weight.PANEL;

import org.jspecify.annotations.Nullable;

/**
 * The inner loops that are worth vectors. There are two providers, with the same bits: plain Java,
 * and the Vector API. Every sum has one fixed order, lane by lane, and is built from {@code fma},
 * so neither the provider, the width of the vectors nor the number of threads shows in a result.
 */
public interface Kernels {
    /**
     * The best provider here. Where the JVM has the module {@code jdk.incubator.vector} that is
     * plain Java at first and vectors as soon as they are compiled; elsewhere it is plain Java. The
     * system property {@code loupe.kernels} chooses one of them for good: {@code scalar} or {@code
     * vector}.
     */
    static Kernels best() {
        String wanted = System.getProperty("loupe.kernels", "");
        if (wanted.equals("scalar") || !hasVectors()) {
            return scalar();
        }
        return wanted.equals("vector") ? vectors() : OfProcess.WARMING;
    }

    /** What is compiled is so for the whole process. */
    final class OfProcess {
        private static final Kernels WARMING =
                new WarmingKernels(scalar(), vectors(), new KernelWarming());

        private OfProcess() {}
    }

    private static boolean hasVectors() {
        try {
            // the module may be there, or its classes behind the boot class path
            Class.forName("jdk.incubator.vector.FloatVector", false, null);
            return true;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }

    /**
     * Vectors from the first call on, which is slow until they are compiled: to measure and to test
     * them.
     *
     * @throws LinkageError where the JVM was started without the module {@code
     *     jdk.incubator.vector}
     */
    static Kernels vectors() {
        try {
            // by name: the class must not be touched where the module is missing
            return Class.forName("dev.loupe.kernels.vector.VectorKernels")
                    .asSubclass(Kernels.class)
                    .getDeclaredConstructor()
                    .newInstance();
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("the vector kernels do not load", e);
        }
    }

    /** Plain Java: without vectors slower by a factor of ten, and quick from the start. */
    static Kernels scalar() {
        return new ScalarKernels();
    }

    /** {@code "scalar"}, or {@code "vector"} with its width in bits. */
    String name();

    /** Whether what was computed so far would be computed at the same speed from now on. */
    default boolean settled() {
        return true;
    }

    /**
     * Decodes a panel of a weight for products with prompt tokens.
     *
     * @param out receives {@code [cols][16]} floats from {@code offset} on
     */
    void decode(Weight weight, int panel, float[] out, int offset);

    /**
     * Products of rows with panels of floats: {@code y[t][c] = start + sum over k of x[t][k] *
     * panels[c / 16][k][c % 16]}, k ascending in one chain.
     *
     * @param panels {@code [panel][length][16]}, as many as {@code y} has columns for
     * @param from where they start
     * @param length how many steps a panel has, at least {@code x.cols()}
     * @param add true if a chain starts with what is in {@code y}, false if with 0
     * @param x {@code [row, inputs]}
     * @param y {@code [row, outputs]}, at most 16 outputs for each panel
     */
    void multiply(float[] panels, int from, int length, boolean add, Tensor x, Tensor y);

    /**
     * {@link #multiply(float[], int, int, boolean, Tensor, Tensor)} with the columns of {@code x}
     * in place of its rows, which gradients of weights are made of: {@code y[r][c] = start + sum
     * over k of x[k][r] * panels[c / 16][k][c % 16]}, k ascending in one chain.
     *
     * @param panels {@code [panel][length][16]}
     * @param length at least {@code x.rows()}
     * @param x {@code [inputs, row]}
     * @param y {@code [row, outputs]}
     */
    void multiplyTransposed(float[] panels, int from, int length, boolean add, Tensor x, Tensor y);

    /** What suits {@link #multiply(Panels, int, int, boolean, Strips, Tensor)} best. */
    default Blocking blocking() {
        return Blocking.NEAR;
    }

    /**
     * {@link #multiply(float[], int, int, boolean, Tensor, Tensor)} for many rows: {@code y[t][c] =
     * start + sum over k of x[k][t] * w[panel + c / 16][step + k][c % 16]}, k ascending in one
     * chain.
     *
     * @param w panels of at least {@code step + x.rows()} rows
     * @param panel the first one
     * @param step the first row of a panel
     * @param x rows of activations as columns: {@link Strips#ofRows}
     */
    void multiply(Panels w, int panel, int step, boolean add, Strips x, Tensor y);

    /**
     * Adds to gradients of a weight: {@code dw[c / 16][input + i][c % 16] += sum over t of x[t][i]
     * * dy[panel + c / 16][t][c % 16]}, one chain from what is there on, t ascending.
     *
     * @param dy panels of at least {@code x.rows()} rows, one for each of {@code dw}
     * @param panel the first one
     * @param x {@code [t, i]}
     * @param dw as {@link Weight.Floats} has its numbers
     * @param input what {@code x}'s first column is in {@code dw}
     */
    void accumulate(Panels dy, int panel, Strips x, float[][] dw, int input);

    /**
     * Copies the columns from {@code col} on, at most 16, to a panel; zeros beside them if they are
     * fewer.
     *
     * @param out panels of at least {@code step + x.rows()} rows
     * @param step the first row that is written
     */
    default void pack(Tensor x, int col, Panels out, int panel, int step) {
        float[] row = new float[PANEL];
        int n = Math.min(PANEL, x.cols() - col);
        for (int r = 0; r < x.rows(); r++) {
            System.arraycopy(x.data(), x.row(r) + col, row, 0, n);
            out.put(panel, step + r, row, 0, 1);
        }
    }

    /**
     * Copies columns, at most 12, to a strip of {@link Strips}, {@code [row][12]}; zeros beside
     * them if they are fewer.
     */
    default void strip(Tensor x, float[] out, int at) {
        for (int r = 0; r < x.rows(); r++) {
            int to = at + r * Strips.WIDTH;
            for (int i = 0; i < Strips.WIDTH; i++) {
                out[to + i] = i < x.cols() ? x.data()[x.row(r) + i] : 0;
            }
        }
    }

    /**
     * Products of one generated token with the panels {@code [from, to)} of a weight, read as they
     * are stored.
     *
     * @param x the token, made ready by {@link Activations#read}
     * @param y receives the outputs of all rows of the weight from {@code offset} on
     */
    void multiply(Weight weight, int from, int to, Activations x, float[] y, int offset);

    /**
     * Products of several generated tokens with the panels {@code [from, to)} of a weight, each as
     * {@link #multiply(Weight, int, int, Activations, float[], int)} gives it alone; a provider may
     * share the work of unpacking.
     *
     * @param tokens as many as {@code y} has rows
     * @param y {@code [token, rows of the weight]}
     */
    default void multiplyTogether(Weight weight, int from, int to, Activations[] tokens, Tensor y) {
        // two panels are in the nearest cache when the next token comes
        for (int panel = from; panel < to; panel += 2) {
            for (int t = 0; t < tokens.length; t++) {
                int end = Math.min(panel + 2, to);
                multiply(weight, panel, end, tokens[t], y.data(), y.row(t));
            }
        }
    }

    /**
     * One step of attention's running softmax, which takes in the scores of a block of keys: they
     * become the weights {@code e^(score - highest)}, and 0 where a row may not look. What was
     * summed up before is scaled to a new highest score, and the lanes take in the weights, key
     * {@code j} in lane {@code j % 16}. To add the weighted values is the caller's.
     *
     * @param scores {@code [row, KeyValues.BLOCK]}
     * @param from the first key of the block that a row sees
     * @param to one past the last; {@code from} if it sees none
     * @param softmax of at least as many rows
     */
    void softmaxStep(Tensor scores, int[] from, int[] to, RunningSoftmax softmax);

    /** {@code y = f(x)} for {@code n} numbers. */
    void activate(Activation f, float[] x, int xOffset, float[] y, int yOffset, int n);

    /** {@code y = e^x} for {@code n} numbers; 0 below -87. */
    void exp(float[] x, int xOffset, float[] y, int yOffset, int n);

    /** {@code z = e^(x - y)} for {@code n} numbers; 0 where the difference is below -87. */
    default void expOfDifference(
            float[] x, int xOffset, float[] y, int yOffset, float[] z, int zOffset, int n) {
        for (int i = 0; i < n; i++) {
            z[zOffset + i] = Exponential.exp(x[xOffset + i] - y[yOffset + i]);
        }
    }

    /** {@code dp = p * (dp - inner)} for {@code n} numbers: the backward of a softmax. */
    default void softmaxBackward(
            float[] p, int pOffset, float[] inner, int innerOffset, float[] dp, int at, int n) {
        for (int i = 0; i < n; i++) {
            dp[at + i] = p[pOffset + i] * (dp[at + i] - inner[innerOffset + i]);
        }
    }

    /** The sum of {@code n} numbers, in sixteen chains that are added up pairwise. */
    default float sum(float[] x, int from, int n) {
        return Reduction.sum(x, from, n);
    }

    /** The sum of {@code (x - mean)^2} over {@code n} numbers, as {@link #sum}. */
    default float squares(float[] x, int from, int n, float mean) {
        return Reduction.squares(x, from, n, mean);
    }

    /** The sum of {@code x * y} over {@code n} numbers, as {@link #sum}. */
    default float dot(float[] x, int from, float[] y, int start, int n) {
        return Reduction.dot(x, from, y, start, n);
    }

    /** The sum of {@code x * y * z} over {@code n} numbers, as {@link #sum}. */
    default float dot(float[] x, int from, float[] y, float[] z, int n) {
        return Reduction.dot(x, from, y, z, n);
    }

    /** {@code y = f'(x)} for {@code n} numbers. */
    default void slope(Activation f, float[] x, int xOffset, float[] y, int yOffset, int n) {
        for (int i = 0; i < n; i++) {
            y[yOffset + i] = Slope.of(f, x[xOffset + i]);
        }
    }

    /** {@code y += s * x} for {@code n} numbers. */
    default void addScaled(float s, float[] x, int xOffset, float[] y, int yOffset, int n) {
        for (int i = 0; i < n; i++) {
            y[yOffset + i] += s * x[xOffset + i];
        }
    }

    /** {@code y += a * b} for {@code n} numbers. */
    default void addProducts(
            float[] a, int aOffset, float[] b, int bOffset, float[] y, int yOffset, int n) {
        for (int i = 0; i < n; i++) {
            y[yOffset + i] += a[aOffset + i] * b[bOffset + i];
        }
    }

    /** {@code y = a * b} for {@code n} numbers. */
    default void products(
            float[] a, int aOffset, float[] b, int bOffset, float[] y, int yOffset, int n) {
        for (int i = 0; i < n; i++) {
            y[yOffset + i] = a[aOffset + i] * b[bOffset + i];
        }
    }

    /**
     * {@code sums[c] += } column {@code col + c} of {@code x} for {@code n} columns, row by row.
     */
    default void addRows(Tensor x, int col, float[] sums, int offset, int n) {
        for (int r = 0; r < x.rows(); r++) {
            int from = x.row(r) + col;
            for (int c = 0; c < n; c++) {
                sums[offset + c] += x.data()[from + c];
            }
        }
    }

    /**
     * {@code y = x / divisor} for {@code n} numbers, and 0 for -0: the sign of a sum of zeros tells
     * how many were added.
     */
    default void quotients(float[] x, int xOffset, float divisor, float[] y, int yOffset, int n) {
        for (int i = 0; i < n; i++) {
            y[yOffset + i] = x[xOffset + i] / divisor + 0f;
        }
    }

    /** {@code y = (x - mean) * factor * weight + bias} for as many numbers as the weight has. */
    default void normalize(
            float[] x,
            int xOffset,
            float mean,
            float factor,
            float[] weight,
            float @Nullable [] bias,
            float[] y,
            int yOffset) {
        for (int i = 0; i < weight.length; i++) {
            float h = (x[xOffset + i] - mean) * factor * weight[i];
            y[yOffset + i] = bias == null ? h : h + bias[i];
        }
    }

    /** {@code y = (x - mean) * factor} for as many numbers as {@code y} has. */
    default void standardize(float[] x, int xOffset, float mean, float factor, float[] y) {
        for (int i = 0; i < y.length; i++) {
            y[i] = (x[xOffset + i] - mean) * factor;
        }
    }

    /**
     * The backward of a norm behind {@link #standardize}: {@code dx += factor * (dy * weight - mean
     * - h * slope)} for as many numbers as {@code h} has.
     *
     * @param h what {@link #standardize} gave
     * @param mean of {@code dy * weight}, or 0 where the norm takes out none
     * @param slope the mean of {@code dy * weight * h}
     */
    default void standardizeBackward(
            float[] h,
            float[] weight,
            float factor,
            float mean,
            float slope,
            float[] dy,
            int dyOffset,
            float[] dx,
            int dxOffset) {
        for (int i = 0; i < h.length; i++) {
            dx[dxOffset + i] += factor * (dy[dyOffset + i] * weight[i] - mean - h[i] * slope);
        }
    }
}
