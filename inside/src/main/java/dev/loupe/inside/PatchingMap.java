package dev.loupe.inside;

import dev.loupe.inside.Attribution.Target;
import dev.loupe.inside.Intervention.Patch;
import dev.loupe.kernels.Processor;
import dev.loupe.kernels.Tensor;
import dev.loupe.model.Batch;
import dev.loupe.model.Gpt;
import dev.loupe.model.Gradients;
import dev.loupe.model.KvCache;
import dev.loupe.model.Ops;
import dev.loupe.model.Site;
import dev.loupe.model.Tape;
import dev.loupe.model.Taps;

import java.util.List;
import java.util.function.IntConsumer;

/**
 * Activation patching, layer by layer (Meng et al. 2022, arXiv:2202.05262): a corrupted prompt runs
 * with what one place of the clean prompt's run had put in its place. Where that brings the clean
 * answer back, there is what the two prompts differ by.
 *
 * @param clean the logit, or the difference, behind the clean prompt
 * @param corrupted behind the corrupted one
 * @param values {@code [layer][position]}, or {@code [layer][head]} of {@link Sweep#HEADS}: the
 *     same with what that place had
 */
public record PatchingMap(double clean, double corrupted, double[][] values) {
    /** What is put in its place. */
    public enum Sweep {
        /** The residual stream before a block, at one position. */
        RESID_PRE("hook_resid_pre"),
        /** What attention writes at one position. */
        ATTN_OUT("hook_attn_out"),
        /** What the MLP writes at one position. */
        MLP_OUT("hook_mlp_out"),
        /** What one head mixes, at all positions. */
        HEADS("attn.hook_z");

        private final String hook;

        Sweep(String hook) {
            this.hook = hook;
        }

        String hook(int layer) {
            return "blocks." + layer + "." + hook;
        }

        /** How many places a block has. */
        public int columns(Gpt gpt, int tokens) {
            return this == HEADS ? gpt.config().attention().nHead() : tokens;
        }

        private Place place(Gpt gpt, int layer, int column) {
            Place whole = Place.of(gpt, hook(layer));
            return this == HEADS ? whole.head(column) : whole.at(column);
        }
    }

    /**
     * Two prompts and what their answers are told apart by.
     *
     * @param clean the prompt that is taken from
     * @param corrupted the prompt that runs, as long as the other
     */
    public record Prompts(int[] clean, int[] corrupted, Target target) {
        public Prompts {
            if (clean.length != corrupted.length) {
                throw new IllegalArgumentException(
                        "prompts: found %d and %d tokens, expected equally many, one in place of the other"
                                .formatted(clean.length, corrupted.length));
            }
        }
    }

    /**
     * How much of the difference between the prompts a place brings back: 0 for none, 1 for all.
     */
    public double restored(int layer, int column) {
        double whole = clean - corrupted;
        return whole == 0 ? 0 : (values[layer][column] - corrupted) / whole;
    }

    /**
     * Runs the model once for each place.
     *
     * @param watching looks into every run, and may end it by an exception
     * @param progress is told how many runs are done, of layers times places of a block
     */
    public static PatchingMap of(
            Gpt gpt,
            Processor processor,
            Prompts prompts,
            Sweep sweep,
            Taps watching,
            IntConsumer progress) {
        Capture capture = captured(gpt, sweep, prompts.clean.length);
        Target target = prompts.target;
        float[] with = new Reader(gpt, processor, capture.then(watching)).read(prompts.clean);
        float[] without = new Reader(gpt, processor, watching).read(prompts.corrupted);
        int columns = sweep.columns(gpt, prompts.clean.length);
        double[][] values = new double[gpt.config().nLayer()][columns];
        for (int layer = 0; layer < values.length; layer++) {
            NamedArray source = capture.get(sweep.hook(layer));
            for (int column = 0; column < columns; column++) {
                Patch patch = new Patch(sweep.place(gpt, layer, column), source);
                Taps taps = new Interventions(gpt, List.of(patch)).then(watching);
                float[] logits = new Reader(gpt, processor, taps).read(prompts.corrupted);
                values[layer][column] = Effect.of(logits, target);
                progress.accept(layer * columns + column + 1);
            }
        }
        return new PatchingMap(Effect.of(with, target), Effect.of(without, target), values);
    }

    /**
     * The same to first order, from one run and its gradient: what changing a vector would do is
     * the change times the gradient (attribution patching, Nanda 2023; Syed et al. 2023,
     * arXiv:2310.10348).
     *
     * @param watching looks into both runs, and may end them by an exception
     */
    public static PatchingMap byGradient(
            Gpt gpt, Processor processor, Prompts prompts, Sweep sweep, Taps watching) {
        Capture capture = captured(gpt, sweep, prompts.clean.length);
        Target target = prompts.target;
        float[] with = new Reader(gpt, processor, capture.then(watching)).read(prompts.clean);
        Tensor[] seen = new Tensor[gpt.config().nLayer()];
        Taps keeping = new Keeping(Place.of(gpt, sweep.hook(0)).site(), seen);
        Tape tape =
                new Tape(
                        processor,
                        new Gradients(List.of()),
                        Tape.Blocks.KEEP,
                        keeping.then(watching));
        Batch batch = new Batch(new Batch.Part(KvCache.none(), false, prompts.corrupted));
        Tensor hidden = gpt.hidden(tape, batch);
        Tensor logits = gpt.unembed(tape, hidden, new int[] {prompts.corrupted.length - 1});
        Tensor chosen = Tensor.of(1, logits.cols());
        chosen.data()[target.id()] += 1;
        target.against().ifPresent(id -> chosen.data()[id] -= 1);
        double without =
                logits.at(0, target.id())
                        - (target.against().isPresent()
                                ? logits.at(0, target.against().getAsInt())
                                : 0);
        tape.backward(tape.multiply(logits, chosen));
        int columns = sweep.columns(gpt, prompts.clean.length);
        double[][] values = new double[seen.length][];
        for (int layer = 0; layer < values.length; layer++) {
            float[] source = capture.get(sweep.hook(layer)).values();
            values[layer] =
                    changes(seen[layer], tape.gradient(seen[layer]), source, columns, sweep);
            for (int column = 0; column < columns; column++) {
                values[layer][column] += without;
            }
        }
        return new PatchingMap(Effect.of(with, target), without, values);
    }

    /** Gradients times the way from what was seen to the source, summed over each place. */
    private static double[] changes(
            Tensor seen, Tensor gradient, float[] source, int columns, Sweep sweep) {
        double[] changes = new double[columns];
        for (int t = 0; t < seen.rows(); t++) {
            for (int c = 0; c < seen.cols(); c++) {
                int column = sweep == Sweep.HEADS ? c / (seen.cols() / columns) : t;
                float way = source[t * seen.cols() + c] - seen.at(t, c);
                changes[column] += (double) gradient.at(t, c) * way;
            }
        }
        return changes;
    }

    private static Capture captured(Gpt gpt, Sweep sweep, int tokens) {
        List<Hook> hooks = Hooks.of(gpt).matching(List.of("blocks.*." + sweep.hook));
        return new Capture(gpt, hooks, tokens, Runtime.getRuntime().maxMemory() / 2);
    }

    private record Keeping(Site site, Tensor[] seen) implements Taps {
        @Override
        public boolean wants(Site at, int layer) {
            return at == site;
        }

        @Override
        public Tensor at(Site at, int layer, Tensor x, Ops ops) {
            seen[layer] = x;
            return x;
        }
    }
}
