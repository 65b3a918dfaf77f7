package dev.loupe.kernels;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;

/**
 * The unembedding and the cross-entropy behind it in one: {@code loss[t] = weight[t] * -log
 * softmax(x[t] W^T + b)[target[t]]}. The logits of all rows would be the largest tensor of all;
 * here some rows at a time have theirs, and while they are there the gradient is made of them:
 * {@code dlogits[t] = weight[t] * (softmax - onehot(target))}.
 */
public final class CrossEntropy {
    /** Logits at a time: 64 MB. */
    private static final int LOGITS = 1 << 24;

    private static final Room ROOM = new Room();

    private CrossEntropy() {}

    /**
     * Where gradients of the sum of all losses go.
     *
     * @param dx {@code [token, inputs]}, written over
     * @param dw added to; as {@link Weight.Floats} has its numbers, or null if nobody asks for it
     * @param db added to; one number for each token of the vocabulary, or null
     */
    public record Gradient(Tensor dx, float @Nullable [][] dw, float @Nullable [] db) {}

    /**
     * The loss of each row; 0 where {@link Targets} asks nothing.
     *
     * @param x {@code [token, inputs]}
     * @param w {@code [vocabSize, inputs]}
     * @param loss {@code [token, 1]}, the result
     * @param gradient null if only the losses are asked for
     */
    public static void losses(
            Processor processor,
            Tensor x,
            Weight w,
            float @Nullable [] bias,
            Targets targets,
            Tensor loss,
            @Nullable Gradient gradient) {
        losses(processor, x, w, bias, targets, loss, gradient, together(w.rows()));
    }

    /** How many rows have their logits at a time: whole tiles of 12 and 4 rows. */
    private static int together(int vocabSize) {
        return Math.max(48, LOGITS / vocabSize / 48 * 48);
    }

    /** How many logits there is room for when so many rows ask. */
    public static long room(int rows, int vocabSize) {
        return (long) Math.min(together(vocabSize), rows) * stride(vocabSize);
    }

    private static int stride(int vocabSize) {
        return vocabSize % 128 == 0 ? vocabSize + 16 : vocabSize;
    }

    static void losses(
            Processor processor,
            Tensor x,
            Weight w,
            float @Nullable [] bias,
            Targets targets,
            Tensor loss,
            @Nullable Gradient gradient,
            int together) {
        check(x, w, targets);
        int most = Math.min(together, x.rows());
        int stride = stride(w.rows());
        float[] room = ROOM.of(Math.multiplyExact(most, stride));
        for (int t = 0; t < x.rows(); t += together) {
            int first = t;
            int n = Math.min(together, x.rows() - t);
            Tensor logits = new Tensor(room, 0, n, w.rows(), stride, 0);
            Product.multiply(processor, x.rows(t, n), w, bias, logits);
            Elementwise.rows(
                    processor,
                    logits,
                    r -> row(processor.kernels(), logits, r, targets, first + r, loss));
            if (gradient != null) {
                ProductBackward.inputs(processor, logits, w, gradient.dx.rows(t, n), false);
                if (gradient.dw != null) {
                    ProductBackward.weights(
                            processor, x.rows(t, n), logits, gradient.dw, gradient.db);
                } else if (gradient.db != null) {
                    ProductBackward.bias(processor, logits, gradient.db);
                }
            }
        }
    }

    private static void check(Tensor x, Weight w, Targets targets) {
        if (targets.ids().length != x.rows()) {
            throw new IllegalArgumentException(
                    "targets: found %d, expected one for each of %d rows"
                            .formatted(targets.ids().length, x.rows()));
        }
        for (int id : targets.ids()) {
            if (id != Targets.IGNORE && (id < 0 || id >= w.rows())) {
                throw new IllegalArgumentException(
                        "target: found %d, expected 0 to %d or %d for none"
                                .formatted(id, w.rows() - 1, Targets.IGNORE));
            }
        }
    }

    /** Notes a row's loss, and makes of its logits their gradient. */
    private static void row(
            Kernels kernels, Tensor logits, int r, Targets targets, int t, Tensor loss) {
        float[] s = logits.data();
        int from = logits.row(r);
        int n = logits.cols();
        if (!targets.counts(t)) {
            Arrays.fill(s, from, from + n, 0f);
            loss.data()[loss.row(t)] = 0;
            return;
        }
        float weight = targets.weights()[t];
        int target = from + targets.ids()[t];
        float highest = highest(s, from, n);
        float asked = s[target] - highest;
        for (int i = from; i < from + n; i++) {
            s[i] -= highest;
        }
        kernels.exp(s, from, s, from, n);
        float sum = kernels.sum(s, from, n);
        loss.data()[loss.row(t)] = weight * ((float) Math.log(sum) - asked);
        float factor = weight / sum;
        for (int i = from; i < from + n; i++) {
            s[i] *= factor;
        }
        s[target] -= weight;
    }

    private static float highest(float[] x, int from, int n) {
        float highest = x[from];
        for (int i = from + 1; i < from + n; i++) {
            highest = Math.max(highest, x[i]);
        }
        return highest;
    }
}
