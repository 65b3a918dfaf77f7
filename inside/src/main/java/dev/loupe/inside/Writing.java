package dev.loupe.inside;

import dev.loupe.kernels.Normalization;
import dev.loupe.kernels.Tensor;
import dev.loupe.model.Block;
import dev.loupe.model.Gpt;
import dev.loupe.model.Inference;
import dev.loupe.model.Norm;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * What a head, an attention or an MLP wrote at a position, as the tokens whose logits it pushes up
 * and down: its vector through the last norm, with the divisor held at what it was there, and the
 * unembedding without its bias. So the pushes of all that is written to a stream sum to its logits,
 * as in {@link Attribution}.
 */
public final class Writing {
    /**
     * A token whose logit is pushed.
     *
     * @param value by how much
     */
    public record Push(int id, double value) {}

    private final float[] pushes;

    private Writing(float[] pushes) {
        this.pushes = pushes;
    }

    /**
     * What attention wrote.
     *
     * @param head one head of it, or -1 for all with the output's bias
     */
    public static Writing ofAttention(CapturedRun run, int layer, int head, int position) {
        if (head < 0) {
            return of(run, new Hook(HookKind.ATTN_OUT, layer), position);
        }
        Block block = run.gpt().blocks().get(layer);
        NamedArray results = run.get(new Hook(HookKind.RESULT, layer));
        int n = run.gpt().config().nEmbd();
        double[] vector = new double[n];
        for (int e = 0; e < n; e++) {
            vector[e] = results.at(position, head, e);
        }
        Norm after = block.postAttn();
        if (after != null) {
            vector = held(after, total(block, results, position), vector);
        }
        return new Writing(push(run, vector, position));
    }

    /** What attention's output was before the norm behind it. */
    private static float[] total(Block block, NamedArray results, int position) {
        float[] bias = block.attn().out().bias();
        float[] total = new float[results.shape()[2]];
        for (int e = 0; e < total.length; e++) {
            double sum = bias == null ? 0 : bias[e];
            for (int head = 0; head < results.shape()[1]; head++) {
                sum += results.at(position, head, e);
            }
            total[e] = (float) sum;
        }
        return total;
    }

    /** What an MLP wrote. */
    public static Writing ofMlp(CapturedRun run, int layer, int position) {
        return of(run, new Hook(HookKind.MLP_OUT, layer), position);
    }

    private static Writing of(CapturedRun run, Hook hook, int position) {
        NamedArray written = run.get(hook);
        double[] vector = new double[written.shape()[1]];
        for (int e = 0; e < vector.length; e++) {
            vector[e] = written.at(position, e);
        }
        return new Writing(push(run, vector, position));
    }

    private static float[] push(CapturedRun run, double[] vector, int position) {
        Gpt gpt = run.gpt();
        NamedArray last = run.get(new Hook(HookKind.RESID_POST, gpt.config().nLayer() - 1));
        int n = vector.length;
        float[] stream = new float[n];
        System.arraycopy(last.values(), last.index(position, 0), stream, 0, n);
        double[] normed = held(gpt.lnF(), stream, vector);
        Tensor x = Tensor.of(1, n);
        for (int e = 0; e < n; e++) {
            x.data()[e] = (float) normed[e];
        }
        Tensor logits = gpt.unembed(new Inference(run.processor()), x, new int[] {0});
        float[] pushes = new float[logits.cols()];
        float @Nullable [] bias = gpt.unembedding().bias();
        for (int id = 0; id < pushes.length; id++) {
            pushes[id] = logits.at(0, id) - (bias == null ? 0 : bias[id]);
        }
        return pushes;
    }

    /** A part of {@code x} through a norm of {@code x}, whose divisor stays. */
    static double[] held(Norm norm, float[] x, double[] part) {
        double scale = Norms.scale(norm, x, 0);
        double mean = 0;
        for (int e = 0; norm.kind() == Normalization.Kind.LAYER && e < part.length; e++) {
            mean += part[e] / part.length;
        }
        double[] y = new double[part.length];
        for (int e = 0; e < y.length; e++) {
            y[e] = (part[e] - mean) / scale * norm.weight()[e];
        }
        return y;
    }

    /** The tokens that are pushed up most, the most first. */
    public List<Push> up(int n) {
        return top(pushes, 1, n);
    }

    /** The tokens that are pushed down most, the most first. */
    public List<Push> down(int n) {
        float[] minus = new float[pushes.length];
        for (int i = 0; i < minus.length; i++) {
            minus[i] = -pushes[i];
        }
        return top(minus, -1, n);
    }

    private static List<Push> top(float[] values, int sign, int n) {
        List<Push> top = new ArrayList<>();
        for (int id : Top.of(values, n)) {
            top.add(new Push(id, sign * values[id]));
        }
        return top;
    }

    /** By how much a token's logit is pushed. */
    public double of(int id) {
        return pushes[id];
    }
}
