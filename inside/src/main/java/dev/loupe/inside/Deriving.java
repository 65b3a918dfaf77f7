package dev.loupe.inside;

import dev.loupe.inside.Derivation.Line;
import dev.loupe.inside.Derivation.Term;
import dev.loupe.kernels.Exponential;
import dev.loupe.kernels.Normalization;
import dev.loupe.kernels.Rotation;
import dev.loupe.model.Block;
import dev.loupe.model.Gpt;
import dev.loupe.model.Linear;
import dev.loupe.model.Norm;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Derives numbers: one method for each kind of formula. */
final class Deriving {
    private final CapturedRun run;
    private final Gpt gpt;
    private final List<Line> lines = new ArrayList<>();
    private final List<Term> terms = new ArrayList<>();

    Deriving(CapturedRun run) {
        this.run = run;
        gpt = run.gpt();
    }

    /** A number and how it is written down. */
    private record Value(String formula, @Nullable Double bias, double result) {}

    Derivation of(String name, int... index) {
        if (name.equals(Derivation.LOGITS)) {
            check(name, index, run.ids().length, gpt.config().vocabSize());
            float captured = run.logits(index[0]).at(0, index[1]);
            return finish(name, index, logit(index[0], index[1]), captured);
        }
        Hook hook = Hooks.of(gpt).named(name);
        NamedArray array = run.get(hook);
        check(name, index, array.shape());
        return finish(name, index, value(hook, index), array.at(index));
    }

    private Derivation finish(String name, int[] index, Value value, float captured) {
        String place = name + Arrays.toString(index);
        return new Derivation(
                place, value.formula, lines, terms, value.bias, value.result, captured);
    }

    private static void check(String name, int[] index, int... shape) {
        boolean in = index.length == shape.length;
        for (int axis = 0; in && axis < shape.length; axis++) {
            in = index[axis] >= 0 && index[axis] < shape[axis];
        }
        if (!in) {
            throw new HookException(
                    "%s: found %s, expected a place in an array of %s"
                            .formatted(name, Arrays.toString(index), Arrays.toString(shape)));
        }
    }

    private Value value(Hook hook, int... at) {
        Block block = gpt.blocks().get(hook.layer());
        int layer = hook.layer();
        return switch (hook.kind()) {
            case EMBED -> embedding(at[0], at[1]);
            case POS_EMBED -> position(at[0], at[1]);
            case RESID_PRE -> stream(layer, at[0], at[1]);
            case RESID_MID -> sum(at, HookKind.RESID_PRE, HookKind.ATTN_OUT, layer);
            case RESID_POST -> sum(at, HookKind.RESID_MID, HookKind.MLP_OUT, layer);
            case LN1_SCALE -> scale(block.ln1(), get(HookKind.RESID_PRE, layer), at[0]);
            case LN2_SCALE -> scale(block.ln2(), get(beforeMlp(block), layer), at[0]);
            case FINAL_SCALE -> scale(gpt.lnF(), last(), at[0]);
            case LN1_NORMALIZED ->
                    normalized(block.ln1(), get(HookKind.RESID_PRE, layer), at[0], at[1]);
            case LN2_NORMALIZED ->
                    normalized(block.ln2(), get(beforeMlp(block), layer), at[0], at[1]);
            case FINAL_NORMALIZED -> normalized(gpt.lnF(), last(), at[0], at[1]);
            case Q -> project(block, at, 0);
            case K -> project(block, at, queries(block));
            case V -> project(block, at, queries(block) + block.attn().keyWidth());
            case ROT_Q -> rotated(block, HookKind.Q, block.attn().qNorm(), at);
            case ROT_K -> rotated(block, HookKind.K, block.attn().kNorm(), at);
            case ATTN_SCORES -> score(block, at[0], at[1], at[2]);
            case PATTERN -> pattern(layer, at[0], at[1], at[2]);
            case Z -> mixed(block, at[0], at[1], at[2]);
            case RESULT -> result(block, at[0], at[1], at[2]);
            case ATTN_OUT ->
                    written(block.attn().out(), get(HookKind.Z, layer), block.postAttn(), at);
            case MLP_PRE -> linear(block.mlp().up(), beforeUp(block), at[0], at[1]);
            case MLP_PRE_LINEAR ->
                    linear(block.mlp().up(), beforeUp(block), at[0], inner() + at[1]);
            case MLP_POST -> activated(block, at[0], at[1]);
            case MLP_OUT ->
                    written(block.mlp().down(), get(HookKind.MLP_POST, layer), block.postMlp(), at);
        };
    }

    private NamedArray get(HookKind kind, int layer) {
        return run.get(new Hook(kind, layer));
    }

    private NamedArray last() {
        return get(HookKind.RESID_POST, gpt.config().nLayer() - 1);
    }

    private int inner() {
        return gpt.config().mlp().nInner();
    }

    private static int queries(Block block) {
        return block.attn().heads().nHead() * block.attn().heads().headDim();
    }

    private static HookKind beforeMlp(Block block) {
        return block.parallel() ? HookKind.RESID_PRE : HookKind.RESID_MID;
    }

    private NamedArray beforeUp(Block block) {
        return get(block.ln2() == null ? beforeMlp(block) : HookKind.LN2_NORMALIZED, block.layer());
    }

    private Value embedding(int t, int d) {
        float[] row = new float[gpt.config().nEmbd()];
        gpt.wte().row(run.ids()[t], row, 0);
        double scale = gpt.config().embedding().scale();
        terms.add(new Term("wte", d, scale, (double) row[d], scale * row[d]));
        String formula = scale == 1 ? "wte[id, d]" : "scale · wte[id, d]";
        return new Value(formula, null, scale * row[d]);
    }

    private Value position(int t, int d) {
        float[] row = new float[gpt.config().nEmbd()];
        if (gpt.wpe() != null) {
            gpt.wpe().row(t, row, 0);
        }
        terms.add(new Term("wpe", d, null, (double) row[d], row[d]));
        return new Value("wpe[position, d]", null, row[d]);
    }

    /** The stream before a block: all that was written to it. */
    private Value stream(int layer, int t, int d) {
        List<Hook> parts = new ArrayList<>();
        parts.add(new Hook(HookKind.EMBED, 0));
        if (gpt.wpe() != null) {
            parts.add(new Hook(HookKind.POS_EMBED, 0));
        }
        for (int before = 0; before < layer; before++) {
            parts.add(new Hook(HookKind.ATTN_OUT, before));
            parts.add(new Hook(HookKind.MLP_OUT, before));
        }
        double sum = 0;
        // all in one run
        for (NamedArray array : run.get(parts)) {
            sum += part(array, t, d);
        }
        return new Value("hook_embed + what each block wrote", null, sum);
    }

    private double part(NamedArray array, int... at) {
        double value = array.at(at);
        terms.add(new Term(array.name(), at[at.length - 1], null, value, value));
        return value;
    }

    private Value sum(int[] at, HookKind a, HookKind b, int layer) {
        double sum = part(get(a, layer), at) + part(get(b, layer), at);
        return new Value(a.pattern() + " + " + b.pattern(), null, sum);
    }

    private Value scale(@Nullable Norm norm, NamedArray x, int t) {
        if (norm == null) {
            return new Value("1", null, 1);
        }
        int n = norm.weight().length;
        double mean = Norms.mean(norm, x.values(), x.index(t, 0));
        if (norm.kind() == Normalization.Kind.LAYER) {
            lines.add(new Line("mean of x", mean));
        }
        double sum = 0;
        for (int i = 0; i < n; i++) {
            double d = x.at(t, i) - mean;
            terms.add(new Term(x.name(), i, null, (double) x.at(t, i), d * d / n));
            sum += d * d / n;
        }
        lines.add(new Line("mean of (x - mean)²", sum));
        lines.add(new Line("ε", norm.eps()));
        return new Value("√(mean of (x - mean)² + ε)", null, Math.sqrt(sum + norm.eps()));
    }

    private Value normalized(@Nullable Norm norm, NamedArray x, int t, int d) {
        if (norm == null) {
            return new Value(x.name(), null, x.at(t, d));
        }
        float[] row = Arrays.copyOfRange(x.values(), x.index(t, 0), x.index(t, 0) + x.shape()[1]);
        return normalized(norm, x.name(), row, 0, d);
    }

    private Value normalized(Norm norm, String name, float[] x, int from, int d) {
        double mean = Norms.mean(norm, x, from);
        double scale = Norms.scale(norm, x, from);
        double weight = norm.weight()[d];
        if (norm.kind() == Normalization.Kind.LAYER) {
            lines.add(new Line("mean of x", mean));
        }
        lines.add(new Line("scale", scale));
        lines.add(new Line("weight", weight));
        double h = (x[from + d] - mean) / scale;
        terms.add(new Term(name, d, weight / scale, x[from + d] - mean, h * weight));
        Double bias = norm.bias() == null ? null : (double) norm.bias()[d];
        return new Value(
                "(x - mean) / scale · weight" + (bias == null ? "" : " + bias"),
                bias,
                h * weight + (bias == null ? 0 : bias));
    }

    private Value project(Block block, int[] at, int first) {
        NamedArray x =
                get(
                        block.ln1() == null ? HookKind.RESID_PRE : HookKind.LN1_NORMALIZED,
                        block.layer());
        int output = first + at[1] * block.attn().heads().headDim() + at[2];
        return linear(block.attn().qkv(), x, at[0], output);
    }

    private Value linear(Linear linear, NamedArray x, int t, int output) {
        float[] row = LinearRows.row(linear, output);
        double sum = 0;
        int from = t * row.length;
        for (int i = 0; i < row.length; i++) {
            double input = x.values()[from + i];
            terms.add(new Term(x.name(), i, (double) row[i], input, row[i] * input));
            sum += row[i] * input;
        }
        Double bias = linear.bias() == null ? null : (double) linear.bias()[output];
        return new Value(
                "Σ W[j, i] · x[i]" + (bias == null ? "" : " + b[j]"),
                bias,
                sum + (bias == null ? 0 : bias));
    }

    private Value rotated(Block block, HookKind kind, @Nullable Norm norm, int[] at) {
        NamedArray x = get(kind, block.layer());
        int headDim = block.attn().heads().headDim();
        int from = x.index(at[0], at[1], 0);
        float[] head = Arrays.copyOfRange(x.values(), from, from + headDim);
        if (norm != null) {
            head = through(norm, head);
            lines.add(
                    new Line(
                            "the head's norm comes first: x = norm(" + x.name() + "), scale",
                            Norms.scale(norm, x.values(), from)));
        }
        Rotation rotation = block.attn().rotation();
        int pairs = rotation == null ? 0 : rotation.pairs();
        int d = at[2];
        if (rotation == null || d >= 2 * pairs) {
            terms.add(new Term(x.name(), d, null, (double) head[d], head[d]));
            return new Value("x[d], which is not turned", null, head[d]);
        }
        int pair = d % pairs;
        double angle = rotation.angle(at[0], pair);
        lines.add(new Line("angle = position · frequency of pair " + pair, angle));
        double cos = (float) Math.cos(angle);
        double sin = (float) Math.sin(angle);
        int other = d < pairs ? d + pairs : d - pairs;
        double turned = d < pairs ? -sin : sin;
        terms.add(new Term(x.name(), d, cos, (double) head[d], cos * head[d]));
        terms.add(new Term(x.name(), other, turned, (double) head[other], turned * head[other]));
        String formula =
                d < pairs
                        ? "x[i] · cos(angle) - x[i + n] · sin(angle)"
                        : "x[i + n] · cos(angle) + x[i] · sin(angle)";
        return new Value(formula, null, cos * head[d] + turned * head[other]);
    }

    private static float[] through(Norm norm, float[] x) {
        double mean = Norms.mean(norm, x, 0);
        double scale = Norms.scale(norm, x, 0);
        float[] y = new float[x.length];
        for (int i = 0; i < y.length; i++) {
            double bias = norm.bias() == null ? 0 : norm.bias()[i];
            y[i] = (float) ((x[i] - mean) / scale * norm.weight()[i] + bias);
        }
        return y;
    }

    private Value score(Block block, int head, int query, int key) {
        NamedArray scores = get(HookKind.ATTN_SCORES, block.layer());
        if (scores.at(head, query, key) == Float.NEGATIVE_INFINITY) {
            String why = key > query ? "the key comes later" : "the key is out of the window";
            return new Value("-∞: " + why, null, Double.NEGATIVE_INFINITY);
        }
        boolean turned = block.attn().rotation() != null;
        NamedArray q = get(turned ? HookKind.ROT_Q : HookKind.Q, block.layer());
        NamedArray k = get(turned ? HookKind.ROT_K : HookKind.K, block.layer());
        int shared = q.shape()[1] / k.shape()[1];
        double scale = block.attn().heads().scale();
        lines.add(new Line("scale", scale));
        double sum = 0;
        for (int d = 0; d < q.shape()[2]; d++) {
            double a = q.at(query, head, d);
            double b = k.at(key, head / shared, d);
            terms.add(new Term("q[d] · k[d]", d, a, b, a * b));
            sum += a * b;
        }
        lines.add(new Line("q · k", sum));
        return new Value("scale · Σ q[d] · k[d]", null, scale * sum);
    }

    private Value pattern(int layer, int head, int query, int key) {
        NamedArray scores = get(HookKind.ATTN_SCORES, layer);
        double highest = Double.NEGATIVE_INFINITY;
        for (int k = 0; k < scores.shape()[2]; k++) {
            highest = Math.max(highest, scores.at(head, query, k));
        }
        double sum = 0;
        for (int k = 0; k < scores.shape()[2]; k++) {
            double score = scores.at(head, query, k);
            double e = Math.exp(score - highest);
            if (e > 0) {
                terms.add(new Term("e^(score - highest)", k, null, score, e));
            }
            sum += e;
        }
        lines.add(new Line("highest score", highest));
        lines.add(new Line("sum over all keys", sum));
        double own = Math.exp(scores.at(head, query, key) - highest);
        lines.add(new Line("this key's", own));
        return new Value("e^(score - highest) / sum over all keys", null, own / sum);
    }

    private Value mixed(Block block, int t, int head, int d) {
        NamedArray pattern = get(HookKind.PATTERN, block.layer());
        NamedArray v = get(HookKind.V, block.layer());
        int kvHead = head / (pattern.shape()[0] / v.shape()[1]);
        double sum = 0;
        for (int k = 0; k < pattern.shape()[2]; k++) {
            double weight = pattern.at(head, t, k);
            if (weight != 0) {
                double value = v.at(k, kvHead, d);
                terms.add(new Term("v of token " + k, k, weight, value, weight * value));
                sum += weight * value;
            }
        }
        return new Value("Σ pattern[key] · v[key]", null, sum);
    }

    private Value result(Block block, int t, int head, int e) {
        NamedArray z = get(HookKind.Z, block.layer());
        float[] row = LinearRows.row(block.attn().out(), e);
        int headDim = z.shape()[2];
        double sum = 0;
        for (int d = 0; d < headDim; d++) {
            double weight = row[head * headDim + d];
            double input = z.at(t, head, d);
            terms.add(new Term(z.name(), d, weight, input, weight * input));
            sum += weight * input;
        }
        return new Value("Σ W_O[e, d] · z[d]", null, sum);
    }

    /** What attention or an MLP adds: a linear map, and in some families a norm behind it. */
    private Value written(Linear linear, NamedArray x, @Nullable Norm after, int[] at) {
        if (after == null) {
            return linear(linear, x, at[0], at[1]);
        }
        float[] raw = new float[after.weight().length];
        for (int output = 0; output < raw.length; output++) {
            float[] row = LinearRows.row(linear, output);
            double sum = linear.bias() == null ? 0 : linear.bias()[output];
            for (int i = 0; i < row.length; i++) {
                sum += (double) row[i] * x.values()[at[0] * row.length + i];
            }
            raw[output] = (float) sum;
        }
        return normalized(after, "W · " + x.name(), raw, 0, at[1]);
    }

    private Value activated(Block block, int t, int neuron) {
        NamedArray pre = get(HookKind.MLP_PRE, block.layer());
        float x = pre.at(t, neuron);
        double f = Exponential.activate(block.mlp().activation(), x);
        String name = block.mlp().activation().name().toLowerCase(Locale.ROOT);
        lines.add(new Line(name + "(pre)", f));
        if (!block.mlp().gated()) {
            terms.add(new Term(pre.name(), neuron, null, (double) x, f));
            return new Value(name + "(pre)", null, f);
        }
        NamedArray linear = get(HookKind.MLP_PRE_LINEAR, block.layer());
        double other = linear.at(t, neuron);
        terms.add(new Term(linear.name(), neuron, f, other, f * other));
        return new Value(name + "(pre) · pre_linear", null, f * other);
    }

    private Value logit(int t, int id) {
        return linear(gpt.unembedding(), get(HookKind.FINAL_NORMALIZED, 0), t, id);
    }
}
