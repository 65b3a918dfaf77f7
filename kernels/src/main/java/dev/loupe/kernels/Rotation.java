package dev.loupe.kernels;

import java.util.Arrays;

/**
 * Rotary position embedding (Su et al. 2021, arXiv:2104.09864): the numbers {@code i} and {@code i
 * + n} of each head are the coordinates of a point, which is turned by the position times frequency
 * {@code i}. Numbers from {@code 2 n} on stay as they are.
 *
 * <p>Angles are products of floats, as PyTorch computes them, so that far positions agree with it.
 */
public final class Rotation {
    private final float[] frequencies;
    private final int headDim;
    private volatile Table table = new Table(new float[0], new float[0]);

    /**
     * @param frequencies {@code n} of them, radians a position
     * @param headDim numbers in a head, at least {@code 2 n}
     */
    public Rotation(float[] frequencies, int headDim) {
        if (2 * frequencies.length > headDim) {
            throw new IllegalArgumentException(
                    frequencies.length + " frequencies do not fit a head of " + headDim);
        }
        this.frequencies = frequencies.clone();
        this.headDim = headDim;
    }

    /** How many pairs of numbers of a head are turned: {@code n}. */
    public int pairs() {
        return frequencies.length;
    }

    /** The angle that a pair is turned by at a position, in radians. */
    public float angle(int position, int pair) {
        return position * frequencies[pair];
    }

    /** Cosine and sine of every angle, {@code [position, frequency]}. */
    private record Table(float[] cos, float[] sin) {}

    /**
     * Turns every head of every row.
     *
     * @param x {@code [row, head * headDim]}
     * @param positions of the rows
     */
    public void rotate(Processor processor, Tensor x, int[] positions, Tensor y) {
        Table angles = upTo(Arrays.stream(positions, 0, x.rows()).max().orElse(0));
        int n = frequencies.length;
        Elementwise.rows(
                processor,
                y,
                r -> {
                    int angle = positions[r] * n;
                    for (int c = 0; c < x.cols(); c += headDim) {
                        int i = x.row(r) + c;
                        int o = y.row(r) + c;
                        for (int f = 0; f < n; f++) {
                            float a = x.data()[i + f];
                            float b = x.data()[i + f + n];
                            float cos = angles.cos[angle + f];
                            float sin = angles.sin[angle + f];
                            y.data()[o + f] = a * cos - b * sin;
                            y.data()[o + f + n] = b * cos + a * sin;
                        }
                        System.arraycopy(x.data(), i + 2 * n, y.data(), o + 2 * n, headDim - 2 * n);
                    }
                });
    }

    /**
     * The backward of {@link #rotate}: gradients are turned back, and added to {@code dx}.
     *
     * @param dy {@code [row, head * headDim]}
     */
    public void rotateBackward(Processor processor, Tensor dy, int[] positions, Tensor dx) {
        Table angles = upTo(Arrays.stream(positions, 0, dy.rows()).max().orElse(0));
        int n = frequencies.length;
        Elementwise.rows(
                processor,
                dy,
                r -> {
                    float[] d = dy.data();
                    float[] out = dx.data();
                    int angle = positions[r] * n;
                    for (int c = 0; c < dy.cols(); c += headDim) {
                        int i = dy.row(r) + c;
                        int o = dx.row(r) + c;
                        for (int f = 0; f < n; f++) {
                            float cos = angles.cos[angle + f];
                            float sin = angles.sin[angle + f];
                            out[o + f] += d[i + f] * cos + d[i + f + n] * sin;
                            out[o + f + n] += d[i + f + n] * cos - d[i + f] * sin;
                        }
                        for (int e = 2 * n; e < headDim; e++) {
                            out[o + e] += d[i + e];
                        }
                    }
                });
    }

    private synchronized Table upTo(int position) {
        int n = frequencies.length;
        int known = n == 0 ? Integer.MAX_VALUE : table.cos.length / n;
        if (position >= known) {
            int positions = Math.max(position + 1, Math.min(2 * known, known + 4096));
            float[] cos = Arrays.copyOf(table.cos, Math.multiplyExact(positions, n));
            float[] sin = Arrays.copyOf(table.sin, positions * n);
            for (int i = known * n; i < cos.length; i++) {
                int at = i / n;
                float angle = at * frequencies[i % n];
                cos[i] = (float) Math.cos(angle);
                sin[i] = (float) Math.sin(angle);
            }
            table = new Table(cos, sin);
        }
        return table;
    }
}
