package dev.loupe.inside;

import dev.loupe.inside.Derivation.Line;
import dev.loupe.inside.Derivation.Term;
import dev.loupe.kernels.Activation;
import dev.loupe.kernels.Elementwise;
import dev.loupe.kernels.Normalization;
import dev.loupe.kernels.Processor;
import dev.loupe.kernels.Rotation;
import dev.loupe.kernels.Tensor;
import dev.loupe.model.Block;
import dev.loupe.model.Gpt;
import dev.loupe.model.Inference;
import dev.loupe.model.Linear;
import dev.loupe.model.Norm;
import dev.loupe.model.Taps;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;

/** Computes derivations of one run, each place by the rule of its own. */
final class Deriver {
    private final Gpt gpt;
    private final Processor processor;
    private final int[] ids;
    private final Taps taps;
    private final long mostBytes;
    private final List<Line> lines = new ArrayList<>();
    private final List<Term> terms = new ArrayList<>();
    private @Nullable Capture capture;
    private @Nullable Double bias;
    private String formula = "";

    Deriver(Gpt gpt, Processor processor, int[] ids, Taps taps, long mostBytes) {
        this.gpt = gpt;
        this.processor = processor;
        this.ids = ids;
        this.taps = taps;
        this.mostBytes = mostBytes;
    }

    Derivation derive(String name, int[] at) {
        String label = name + Arrays.toString(at);
        if (name.equals(Derivation.LOGITS)) {
            check(name, at, ids.length, gpt.config().vocabSize());
            Hook last = new Hook(HookKind.FINAL_NORMALIZED, 0);
            run(List.of(last));
            float[] x = row(last, at[0]);
            formula = "logit[t, id] = sum_i W_U[id, i] * normalized[t, i] + b";
            double result = product(gpt.unembedding(), at[1], "ln_final.hook_normalized", x);
            Tensor hidden = new Tensor(x, 0, 1, x.length, x.length, 0);
            Tensor logits = gpt.unembed(new Inference(processor), hidden, new int[] {0});
            return new Derivation(
                    label,
                    formula,
                    List.copyOf(lines),
                    List.copyOf(terms),
                    bias,
                    result,
                    logits.at(0, at[1]));
        }
        Hook hook = Hooks.of(gpt).named(name);
        check(name, at, hook.shape(gpt.config(), ids.length, ids.length));
        Set<Hook> all = new LinkedHashSet<>(inputs(hook));
        all.add(hook);
        run(List.copyOf(all));
        double captured = capture().get(hook).at(at);
        double result = compute(hook, at);
        return new Derivation(
                label, formula, List.copyOf(lines), List.copyOf(terms), bias, result, captured);
    }

    private static void check(String name, int[] at, int... shape) {
        boolean inside = at.length == shape.length;
        for (int axis = 0; inside && axis < at.length; axis++) {
            inside = at[axis] >= 0 && at[axis] < shape[axis];
        }
        if (!inside) {
            throw new HookException(
                    "index of %s: found %s, expected one inside of %s"
                            .formatted(name, Arrays.toString(at), Arrays.toString(shape)));
        }
    }

    private void run(List<Hook> hooks) {
        Capture seen = new Capture(gpt, hooks, ids.length, mostBytes);
        new Reader(gpt, processor, taps.then(seen)).read(ids);
        capture = seen;
    }

    private Capture capture() {
        return Objects.requireNonNull(capture);
    }

    /** What a token has at a hook, all its numbers. */
    private float[] row(Hook hook, int token) {
        NamedArray array = capture().get(hook);
        int width = array.values().length / array.shape()[0];
        return Arrays.copyOfRange(array.values(), token * width, (token + 1) * width);
    }

    private Hook read1(int layer) {
        boolean norm = gpt.blocks().get(layer).ln1() != null;
        return new Hook(norm ? HookKind.LN1_NORMALIZED : HookKind.RESID_PRE, layer);
    }

    private Hook stream2(int layer) {
        return new Hook(gpt.config().parallel() ? HookKind.RESID_PRE : HookKind.RESID_MID, layer);
    }

    private Hook read2(int layer) {
        boolean norm = gpt.blocks().get(layer).ln2() != null;
        return norm ? new Hook(HookKind.LN2_NORMALIZED, layer) : stream2(layer);
    }

    private boolean rotates(int layer) {
        return gpt.blocks().get(layer).attn().rotation() != null;
    }

    private List<Hook> inputs(Hook hook) {
        int n = hook.layer();
        return switch (hook.kind()) {
            case EMBED, POS_EMBED -> List.of();
            case RESID_PRE -> {
                if (n > 0) {
                    yield List.of(new Hook(HookKind.RESID_POST, n - 1));
                }
                Hook embed = new Hook(HookKind.EMBED, 0);
                yield gpt.wpe() == null
                        ? List.of(embed)
                        : List.of(embed, new Hook(HookKind.POS_EMBED, 0));
            }
            case LN1_SCALE, LN1_NORMALIZED -> List.of(new Hook(HookKind.RESID_PRE, n));
            case LN2_SCALE, LN2_NORMALIZED -> List.of(stream2(n));
            case FINAL_SCALE, FINAL_NORMALIZED -> List.of(lastStream());
            case Q, K, V -> List.of(read1(n));
            case ROT_Q -> List.of(new Hook(HookKind.Q, n));
            case ROT_K -> List.of(new Hook(HookKind.K, n));
            case ATTN_SCORES -> List.of(queries(n), keys(n));
            case PATTERN -> List.of(new Hook(HookKind.ATTN_SCORES, n));
            case Z -> List.of(new Hook(HookKind.PATTERN, n), new Hook(HookKind.V, n));
            case RESULT, ATTN_OUT -> List.of(new Hook(HookKind.Z, n));
            case RESID_MID ->
                    List.of(new Hook(HookKind.RESID_PRE, n), new Hook(HookKind.ATTN_OUT, n));
            case MLP_PRE, MLP_PRE_LINEAR -> List.of(read2(n));
            case MLP_POST ->
                    gpt.blocks().get(n).mlp().gated()
                            ? List.of(
                                    new Hook(HookKind.MLP_PRE, n),
                                    new Hook(HookKind.MLP_PRE_LINEAR, n))
                            : List.of(new Hook(HookKind.MLP_PRE, n));
            case MLP_OUT -> List.of(new Hook(HookKind.MLP_POST, n));
            case RESID_POST ->
                    List.of(new Hook(HookKind.RESID_MID, n), new Hook(HookKind.MLP_OUT, n));
        };
    }

    private Hook lastStream() {
        return new Hook(HookKind.RESID_POST, gpt.config().nLayer() - 1);
    }

    private Hook queries(int layer) {
        return new Hook(rotates(layer) ? HookKind.ROT_Q : HookKind.Q, layer);
    }

    private Hook keys(int layer) {
        return new Hook(rotates(layer) ? HookKind.ROT_K : HookKind.K, layer);
    }

    private double compute(Hook hook, int[] at) {
        int n = hook.layer();
        Block block = gpt.blocks().get(n);
        Block.Attention attn = block.attn();
        int headDim = attn.heads().headDim();
        int queryWidth = attn.heads().nHead() * headDim;
        return switch (hook.kind()) {
            case EMBED -> table("embed[t, i] = W_E[id(t), i] * scale", at);
            case POS_EMBED -> table("pos_embed[t, i] = W_pos[t, i]", at);
            case RESID_PRE, RESID_MID, RESID_POST -> sum(hook, at);
            case LN1_SCALE -> scale(block.ln1(), new Hook(HookKind.RESID_PRE, n), at);
            case LN2_SCALE -> scale(block.ln2(), stream2(n), at);
            case FINAL_SCALE -> scale(gpt.lnF(), lastStream(), at);
            case LN1_NORMALIZED -> normalized(block.ln1(), new Hook(HookKind.RESID_PRE, n), at);
            case LN2_NORMALIZED -> normalized(block.ln2(), stream2(n), at);
            case FINAL_NORMALIZED -> normalized(gpt.lnF(), lastStream(), at);
            case Q -> {
                formula = "q[t, h, d] = sum_i W_Q[h * headDim + d, i] * x[t, i] + b";
                yield linear(attn.qkv(), at[1] * headDim + at[2], read1(n), at[0]);
            }
            case K -> {
                formula = "k[t, h, d] = sum_i W_K[h * headDim + d, i] * x[t, i] + b";
                yield linear(attn.qkv(), queryWidth + at[1] * headDim + at[2], read1(n), at[0]);
            }
            case V -> {
                formula = "v[t, h, d] = sum_i W_V[h * headDim + d, i] * x[t, i] + b";
                int row = queryWidth + attn.keyWidth() + at[1] * headDim + at[2];
                yield linear(attn.qkv(), row, read1(n), at[0]);
            }
            case ROT_Q -> rotated(attn, attn.qNorm(), new Hook(HookKind.Q, n), at);
            case ROT_K -> rotated(attn, attn.kNorm(), new Hook(HookKind.K, n), at);
            case ATTN_SCORES -> score(block, at);
            case PATTERN -> weight(n, at);
            case Z -> mixed(n, at);
            case RESULT -> {
                formula = "result[t, h, e] = sum_d W_O[e, h * headDim + d] * z[t, h, d]";
                float[] z = row(new Hook(HookKind.Z, n), at[0]);
                float[] w = LinearRows.row(attn.out(), at[2]);
                double sum = 0;
                for (int d = 0; d < headDim; d++) {
                    int i = at[1] * headDim + d;
                    sum += term("z", d, w[i], z[i]);
                }
                yield sum;
            }
            case ATTN_OUT -> {
                formula = "attn_out[t, e] = sum_i W_O[e, i] * z[t, i] + b";
                yield written(attn.out(), block.postAttn(), new Hook(HookKind.Z, n), at);
            }
            case MLP_PRE -> {
                formula = "pre[t, n] = sum_i W_in[n, i] * x[t, i] + b";
                if (block.mlp().gated()) {
                    formula = "pre[t, n] = sum_i W_gate[n, i] * x[t, i] + b";
                }
                yield linear(block.mlp().up(), at[1], read2(n), at[0]);
            }
            case MLP_PRE_LINEAR -> {
                formula = "pre_linear[t, n] = sum_i W_in[n, i] * x[t, i] + b";
                int nInner = gpt.config().mlp().nInner();
                yield linear(block.mlp().up(), nInner + at[1], read2(n), at[0]);
            }
            case MLP_POST -> neuron(block.mlp(), n, at);
            case MLP_OUT -> {
                formula = "mlp_out[t, e] = sum_n W_out[e, n] * post[t, n] + b";
                Hook post = new Hook(HookKind.MLP_POST, n);
                yield written(block.mlp().down(), block.postMlp(), post, at);
            }
        };
    }

    private double term(String name, int index, double weight, double input) {
        terms.add(new Term(name, index, weight, input, weight * input));
        return weight * input;
    }

    private double line(String text, double value) {
        lines.add(new Line(text, value));
        return value;
    }

    private double table(String rule, int[] at) {
        formula = rule;
        float[] row = new float[gpt.config().nEmbd()];
        if (rule.startsWith("pos")) {
            Objects.requireNonNull(gpt.wpe()).row(at[0], row, 0);
            return line("W_pos[" + at[0] + ", " + at[1] + "]", row[at[1]]);
        }
        gpt.wte().row(ids[at[0]], row, 0);
        double value = line("W_E[" + ids[at[0]] + ", " + at[1] + "]", row[at[1]]);
        return value * line("scale", gpt.config().embedding().scale());
    }

    private double sum(Hook hook, int[] at) {
        double sum = 0;
        List<String> names = new ArrayList<>();
        for (Hook input : inputs(hook)) {
            double value = capture().get(input).at(at);
            terms.add(new Term(input.name(), at[1], null, value, value));
            names.add(input.name().replaceFirst(".*hook_", "") + "[t, i]");
            sum += value;
        }
        String own = hook.name().replaceFirst(".*hook_", "");
        formula = own + "[t, i] = " + String.join(" + ", names);
        return sum;
    }

    private double scale(@Nullable Norm norm, Hook of, int[] at) {
        Norm own = Objects.requireNonNull(norm);
        float[] x = row(of, at[0]);
        boolean rms = own.kind() == Normalization.Kind.RMS;
        formula =
                rms
                        ? "scale[t] = sqrt(sum_i x[t, i]^2 / n + eps)"
                        : "scale[t] = sqrt(sum_i (x[t, i] - mean)^2 / n + eps)";
        double mean = Norms.mean(own, x, 0);
        if (!rms) {
            line("mean", mean);
        }
        double squares = 0;
        for (int i = 0; i < x.length; i++) {
            squares += term(of.name(), i, x[i] - mean, x[i] - mean);
        }
        line("sum of squares / n", squares / x.length);
        line("eps", own.eps());
        return Math.sqrt(squares / x.length + own.eps());
    }

    private double normalized(@Nullable Norm norm, Hook of, int[] at) {
        formula = "normalized[t, i] = (x[t, i] - mean) / scale * w[i] + b[i]";
        float[] x = row(of, at[0]);
        return normalized(Objects.requireNonNull(norm), x, 0, at[1]);
    }

    /** One number of a group of a norm, with what is computed on the way. */
    private double normalized(Norm norm, float[] x, int from, int i) {
        double mean = Norms.mean(norm, x, from);
        if (norm.kind() != Normalization.Kind.RMS) {
            line("mean", mean);
        }
        double scale = line("scale", Norms.scale(norm, x, from));
        double value = line("x", x[from + i]);
        double weight = line("w", norm.weight()[i]);
        if (norm.bias() != null) {
            bias = (double) norm.bias()[i];
        }
        return (value - mean) / scale * weight + (bias == null ? 0 : bias);
    }

    private double linear(Linear linear, int output, Hook input, int token) {
        return product(linear, output, input.name(), row(input, token));
    }

    private double product(Linear linear, int output, String name, float[] x) {
        float[] w = LinearRows.row(linear, output);
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += term(name, i, w[i], x[i]);
        }
        float[] own = linear.bias();
        if (own != null) {
            bias = (double) own[output];
            sum += own[output];
        }
        return sum;
    }

    /** What attention or an MLP writes, and the norm behind it where there is one. */
    private double written(Linear linear, @Nullable Norm after, Hook input, int[] at) {
        float[] x = row(input, at[0]);
        double own = product(linear, at[1], input.name(), x);
        if (after == null) {
            return own;
        }
        formula += ", then (y - mean) / scale * w + b over the whole vector y";
        line("y before the norm", own);
        float[] y = new float[gpt.config().nEmbd()];
        float[] b = linear.bias();
        for (int e = 0; e < y.length; e++) {
            float[] w = LinearRows.row(linear, e);
            double sum = b == null ? 0 : b[e];
            for (int i = 0; i < x.length; i++) {
                sum += (double) w[i] * x[i];
            }
            y[e] = (float) sum;
        }
        Double inner = bias;
        bias = null;
        double result = normalized(after, y, 0, at[1]);
        if (inner != null) {
            line("bias before the norm", inner);
        }
        return result;
    }

    private double rotated(Block.Attention attn, @Nullable Norm norm, Hook of, int[] at) {
        Rotation rotation = Objects.requireNonNull(attn.rotation());
        int headDim = attn.heads().headDim();
        int n = rotation.pairs();
        int d = at[2];
        float[] x = row(of, at[0]);
        String name = of.name();
        if (d >= 2 * n) {
            formula = "rot[t, h, d] = x[t, h, d], since d is not turned";
            return component(norm, x, at[1] * headDim + d, name);
        }
        int pair = d % n;
        double angle = line("angle = position * frequency " + pair, rotation.angle(at[0], pair));
        double cos = line("cos", Math.cos(angle));
        double sin = line("sin", Math.sin(angle));
        double a = component(norm, x, at[1] * headDim + pair, "x[t, h, " + pair + "]");
        double b = component(norm, x, at[1] * headDim + pair + n, "x[t, h, " + (pair + n) + "]");
        boolean first = d < n;
        formula =
                first
                        ? "rot[t, h, d] = x[t, h, d] * cos - x[t, h, d + n] * sin, n = " + n
                        : "rot[t, h, d] = x[t, h, d] * cos + x[t, h, d - n] * sin, n = " + n;
        if (norm != null) {
            formula += "; x is " + name + " behind its norm";
        }
        return first
                ? term(name, pair, cos, a) + term(name, pair + n, -sin, b)
                : term(name, pair + n, cos, b) + term(name, pair, sin, a);
    }

    /** A number of a query or key, behind the norm of its group if there is one. */
    private double component(@Nullable Norm norm, float[] x, int i, String name) {
        if (norm == null) {
            return line(name, x[i]);
        }
        int group = norm.weight().length;
        int from = i / group * group;
        double scale = line("scale of the norm of " + name, Norms.scale(norm, x, from));
        double shift = norm.bias() == null ? 0 : norm.bias()[i - from];
        double value = (x[i] - Norms.mean(norm, x, from)) / scale * norm.weight()[i - from] + shift;
        return line(name + " behind its norm", value);
    }

    private double score(Block block, int[] at) {
        int head = at[0];
        int query = at[1];
        int key = at[2];
        int window = block.attn().window();
        formula = "score[h, q, k] = scale * sum_d query[q, h, d] * key[k, h', d]";
        if (key > query || (window > 0 && key <= query - window)) {
            formula = "score[h, q, k] = -infinity, since the query does not see that key";
            return Double.NEGATIVE_INFINITY;
        }
        int headDim = block.attn().heads().headDim();
        int keyHead = keyHead(head);
        float[] q = row(queries(block.layer()), query);
        float[] k = row(keys(block.layer()), key);
        double scale = line("scale", gpt.config().attention().scale());
        line("head of the key, h'", keyHead);
        double sum = 0;
        for (int d = 0; d < headDim; d++) {
            sum += term("key", d, q[head * headDim + d], k[keyHead * headDim + d]);
        }
        line("sum", sum);
        return sum * scale;
    }

    private int keyHead(int head) {
        return head * gpt.config().attention().nKvHead() / gpt.config().attention().nHead();
    }

    private double weight(int layer, int[] at) {
        formula = "pattern[h, q, k] = exp(score[h, q, k] - max) / sum_j exp(score[h, q, j] - max)";
        NamedArray scores = capture().get(new Hook(HookKind.ATTN_SCORES, layer));
        double max = Double.NEGATIVE_INFINITY;
        for (int key = 0; key < ids.length; key++) {
            max = Math.max(max, scores.at(at[0], at[1], key));
        }
        line("max", max);
        double sum = 0;
        for (int key = 0; key < ids.length; key++) {
            double score = scores.at(at[0], at[1], key);
            double e = Math.exp(score - max);
            terms.add(new Term("exp(score - max)", key, null, score, e));
            sum += e;
        }
        line("sum", sum);
        return Math.exp(scores.at(at) - max) / sum;
    }

    private double mixed(int layer, int[] at) {
        formula = "z[t, h, d] = sum_k pattern[h, t, k] * v[k, h', d]";
        NamedArray pattern = capture().get(new Hook(HookKind.PATTERN, layer));
        NamedArray v = capture().get(new Hook(HookKind.V, layer));
        int keyHead = keyHead(at[1]);
        line("head of the value, h'", keyHead);
        double sum = 0;
        for (int key = 0; key < ids.length; key++) {
            sum += term("v", key, pattern.at(at[1], at[0], key), v.at(key, keyHead, at[2]));
        }
        return sum;
    }

    private double neuron(Block.Mlp mlp, int layer, int[] at) {
        float pre = capture().get(new Hook(HookKind.MLP_PRE, layer)).at(at);
        String f = mlp.activation().name().toLowerCase(Locale.ROOT);
        line("pre", pre);
        double activated = line(f + "(pre)", activate(mlp.activation(), pre));
        formula = "post[t, n] = " + f + "(pre[t, n])";
        if (!mlp.gated()) {
            return activated;
        }
        formula += " * pre_linear[t, n]";
        return activated
                * line(
                        "pre_linear",
                        capture().get(new Hook(HookKind.MLP_PRE_LINEAR, layer)).at(at));
    }

    private double activate(Activation f, float x) {
        Tensor in = new Tensor(new float[] {x}, 0, 1, 1, 1, 0);
        Tensor out = Tensor.of(1, 1);
        Elementwise.activate(processor, f, in, out);
        return out.at(0, 0);
    }
}
