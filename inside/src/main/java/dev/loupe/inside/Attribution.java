package dev.loupe.inside;

import dev.loupe.kernels.Processor;
import dev.loupe.model.Block;
import dev.loupe.model.Gpt;
import dev.loupe.model.Linear;
import dev.loupe.model.Norm;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Direct logit attribution: which parts of the model a logit, or the difference of two, was written
 * by. The residual stream at the end is a sum of what the token, its position, every head and every
 * MLP wrote; the last norm, with its divisor held at what it was, is linear; and a logit is a
 * product with the result. So each part has a share of its own, and all shares are the logit
 * (Elhage et al. 2021, <i>A Mathematical Framework for Transformer Circuits</i>; Wang et al. 2022,
 * arXiv:2211.00593). A share is what a part wrote directly: what it made later parts write is
 * theirs.
 *
 * @param target whose logit it is
 * @param position of the token that it is read at
 * @param logit the logit, or the difference, as the model computes it
 * @param parts all shares, in the order of the data
 */
public record Attribution(Target target, int position, double logit, List<Part> parts) {
    /**
     * A token, or one against another.
     *
     * @param id whose logit
     * @param against whose logit is subtracted
     */
    public record Target(int id, OptionalInt against) {
        /** The logit of one token. */
        public static Target of(int id) {
            return new Target(id, OptionalInt.empty());
        }
    }

    /** What a part is. */
    public enum Kind {
        /** The token's vector. */
        TOKEN,
        /** The vector of its position. */
        POSITION,
        /** One head of attention, its values' bias included. */
        HEAD,
        /** The MLP of a block, its biases included. */
        MLP,
        /** The bias of attention's output, of the last norm, or of the unembedding. */
        BIAS
    }

    /**
     * The share of a part.
     *
     * @param name {@code token}, {@code position}, {@code L3 H2}, {@code L3 MLP}, {@code L3 bias},
     *     {@code final bias}
     * @param layer the block, or -1
     * @param head or -1
     * @param value what it adds to the logit
     */
    public record Part(Kind kind, String name, int layer, int head, double value) {}

    /** What all parts add up to: the logit, up to rounding. */
    public double sum() {
        return parts.stream().mapToDouble(Part::value).sum();
    }

    /** The parts with the largest shares, for or against, the largest first. */
    public List<Part> largest(int n) {
        return largest(parts.stream(), n);
    }

    /** The heads with the largest shares, for or against, the largest first. */
    public List<Part> largestHeads(int n) {
        return largest(parts.stream().filter(part -> part.kind == Kind.HEAD), n);
    }

    private static List<Part> largest(Stream<Part> parts, int n) {
        return parts.sorted(Comparator.comparingDouble(part -> -Math.abs(part.value)))
                .limit(n)
                .toList();
    }

    /**
     * Reads a prompt and shares out a logit behind one of its tokens.
     *
     * @param position which token, from 0
     * @throws IllegalArgumentException if there is no such position or token
     */
    public static Attribution of(
            Gpt gpt, Processor processor, int[] ids, int position, Target target) {
        check(position, ids.length);
        int[] read = Arrays.copyOf(ids, position + 1);
        Capture capture = new Capture(gpt, hooks(gpt), position, position + 1, Long.MAX_VALUE);
        float[] logits = new Reader(gpt, processor, capture).read(read);
        return of(gpt, capture, logits, position, target);
    }

    /**
     * Shares out a logit behind one of the tokens of a run. What a change adds to the stream
     * itself, as steering does, is no part's share, so that the shares of such a run do not sum to
     * it.
     *
     * @param position which token, from 0
     * @throws IllegalArgumentException if there is no such position or token
     */
    public static Attribution of(CapturedRun run, int position, Target target) {
        Gpt gpt = run.gpt();
        check(position, run.ids().length);
        // all in one run
        run.get(hooks(gpt));
        float[] logits = run.logits(position).values();
        return of(gpt, hook -> row(run.get(hook), position), logits, position, target);
    }

    /** What a hook saw of one token. */
    private static float[] row(NamedArray array, int position) {
        int width = array.values().length / array.shape()[0];
        return Arrays.copyOfRange(array.values(), position * width, (position + 1) * width);
    }

    private static void check(int position, int tokens) {
        if (position < 0 || position >= tokens) {
            throw new IllegalArgumentException(
                    "position: found %d, expected 0 to %d".formatted(position, tokens - 1));
        }
    }

    /** What has to be captured of the position. */
    static List<Hook> hooks(Gpt gpt) {
        List<Hook> hooks = new ArrayList<>();
        hooks.add(new Hook(HookKind.EMBED, 0));
        if (gpt.wpe() != null) {
            hooks.add(new Hook(HookKind.POS_EMBED, 0));
        }
        for (int layer = 0; layer < gpt.config().nLayer(); layer++) {
            hooks.add(new Hook(HookKind.Z, layer));
            hooks.add(new Hook(HookKind.MLP_OUT, layer));
        }
        hooks.add(new Hook(HookKind.RESID_POST, gpt.config().nLayer() - 1));
        return hooks;
    }

    /**
     * The same of what was captured at one position.
     *
     * @param logits behind it
     */
    static Attribution of(Gpt gpt, Capture capture, float[] logits, int position, Target target) {
        return of(gpt, hook -> capture.get(hook).values(), logits, position, target);
    }

    private static Attribution of(
            Gpt gpt,
            Function<Hook, float[]> captured,
            float[] logits,
            int position,
            Target target) {
        known(target.id, logits.length);
        target.against.ifPresent(id -> known(id, logits.length));
        double logit =
                (double) logits[target.id]
                        - (target.against.isPresent() ? logits[target.against.getAsInt()] : 0);
        return new Attribution(target, position, logit, new Shares(gpt, captured, target).parts());
    }

    private static void known(int id, int vocabSize) {
        if (id < 0 || id >= vocabSize) {
            throw new IllegalArgumentException(
                    "token id: found %d, expected 0 to %d".formatted(id, vocabSize - 1));
        }
    }

    /** The row of the unembedding that a logit is a product with, or the difference of two. */
    static double[] unembedding(Gpt gpt, Target target) {
        float[] row = LinearRows.row(gpt.unembedding(), target.id);
        float @Nullable [] minus =
                target.against.isPresent()
                        ? LinearRows.row(gpt.unembedding(), target.against.getAsInt())
                        : null;
        double[] u = new double[row.length];
        for (int i = 0; i < u.length; i++) {
            u[i] = (double) row[i] - (minus == null ? 0 : minus[i]);
        }
        return u;
    }

    /** The same of its bias. */
    static double bias(Gpt gpt, Target target) {
        float @Nullable [] bias = gpt.unembedding().bias();
        return bias == null ? 0 : Effect.of(bias, target);
    }

    /** Goes through the model with the direction that the logit is a product with. */
    private static final class Shares {
        private final Gpt gpt;
        private final Function<Hook, float[]> captured;
        private final List<Part> parts = new ArrayList<>();
        private final double[] direction;
        private final double finalBias;

        Shares(Gpt gpt, Function<Hook, float[]> captured, Target target) {
            this.gpt = gpt;
            this.captured = captured;
            double[] u = unembedding(gpt, target);
            float[] last = row(new Hook(HookKind.RESID_POST, gpt.config().nLayer() - 1));
            direction = Norms.before(gpt.lnF(), Norms.scale(gpt.lnF(), last, 0), u);
            double bias = gpt.lnF().bias() == null ? 0 : dot(u, gpt.lnF().bias());
            finalBias = bias + bias(gpt, target);
        }

        private float[] row(Hook hook) {
            return captured.apply(hook);
        }

        List<Part> parts() {
            float[] token = row(new Hook(HookKind.EMBED, 0));
            add(Kind.TOKEN, "token", -1, -1, dot(direction, token));
            if (gpt.wpe() != null) {
                float[] place = row(new Hook(HookKind.POS_EMBED, 0));
                add(Kind.POSITION, "position", -1, -1, dot(direction, place));
            }
            for (Block block : gpt.blocks()) {
                attention(block);
                int layer = block.layer();
                float[] mlp = row(new Hook(HookKind.MLP_OUT, layer));
                add(Kind.MLP, "L" + layer + " MLP", layer, -1, dot(direction, mlp));
            }
            add(Kind.BIAS, "final bias", -1, -1, finalBias);
            return List.copyOf(parts);
        }

        private void attention(Block block) {
            int layer = block.layer();
            float[] z = row(new Hook(HookKind.Z, layer));
            Linear out = block.attn().out();
            float[][] rows = LinearRows.all(out);
            double[] d = block.postAttn() == null ? direction : behind(block, rows, z);
            double[] back = new double[z.length];
            for (int e = 0; e < rows.length; e++) {
                for (int i = 0; i < back.length; i++) {
                    back[i] += d[e] * rows[e][i];
                }
            }
            int headDim = block.attn().heads().headDim();
            for (int head = 0; head < block.attn().heads().nHead(); head++) {
                double share = 0;
                for (int i = head * headDim; i < (head + 1) * headDim; i++) {
                    share += back[i] * z[i];
                }
                add(Kind.HEAD, "L" + layer + " H" + head, layer, head, share);
            }
            double bias = out.bias() == null ? 0 : dot(d, out.bias());
            if (block.postAttn() != null && block.postAttn().bias() != null) {
                bias += dot(direction, block.postAttn().bias());
            }
            if (bias != 0) {
                add(Kind.BIAS, "L" + layer + " bias", layer, -1, bias);
            }
        }

        /** The direction before the norm that what attention writes goes through. */
        private double[] behind(Block block, float[][] rows, float[] z) {
            float[] written = new float[rows.length];
            float[] bias = block.attn().out().bias();
            for (int e = 0; e < rows.length; e++) {
                double sum = bias == null ? 0 : bias[e];
                for (int i = 0; i < z.length; i++) {
                    sum += (double) rows[e][i] * z[i];
                }
                written[e] = (float) sum;
            }
            Norm norm = Objects.requireNonNull(block.postAttn());
            return Norms.before(norm, Norms.scale(norm, written, 0), direction);
        }

        private void add(Kind kind, String name, int layer, int head, double value) {
            parts.add(new Part(kind, name, layer, head, value));
        }

        private static double dot(double[] a, float[] b) {
            double sum = 0;
            for (int i = 0; i < a.length; i++) {
                sum += a[i] * b[i];
            }
            return sum;
        }
    }
}
