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
 * Activation patching, layer by layer and position by position (Meng et al. 2022,
 * arXiv:2202.05262): a corrupted prompt runs with one vector of the clean prompt's run put in its
 * place. Where that brings the clean answer back, there is what the two prompts differ by.
 *
 * @param clean the logit, or the difference, behind the clean prompt
 * @param corrupted behind the corrupted one
 * @param values {@code [layer][position]}: the same with the vector of that place
 */
public record PatchingMap(double clean, double corrupted, double[][] values) {
    /** Where vectors are put: each has one for each layer and position. */
    public enum Stream {
        /** The residual stream before a block. */
        RESID_PRE("hook_resid_pre"),
        /** What attention writes. */
        ATTN_OUT("hook_attn_out"),
        /** What the MLP writes. */
        MLP_OUT("hook_mlp_out");

        private final String hook;

        Stream(String hook) {
            this.hook = hook;
        }

        String hook(int layer) {
            return "blocks." + layer + "." + hook;
        }
    }

    /**
     * How much of the difference between the prompts a place brings back: 0 for none, 1 for all.
     */
    public double restored(int layer, int position) {
        double whole = clean - corrupted;
        return whole == 0 ? 0 : (values[layer][position] - corrupted) / whole;
    }

    /**
     * Runs the model once for each place.
     *
     * @param progress is told how many runs are done, of layers times positions
     * @throws IllegalArgumentException if the prompts are not equally long
     */
    public static PatchingMap of(
            Gpt gpt,
            Processor processor,
            int[] clean,
            int[] corrupted,
            Target target,
            Stream stream,
            IntConsumer progress) {
        sameLength(clean, corrupted);
        Capture capture = captured(gpt, stream, clean.length);
        double best = Effect.of(new Reader(gpt, processor, capture).read(clean), target);
        double worst = Effect.of(new Reader(gpt, processor, Taps.NONE).read(corrupted), target);
        int nLayer = gpt.config().nLayer();
        double[][] values = new double[nLayer][clean.length];
        for (int layer = 0; layer < nLayer; layer++) {
            NamedArray source = capture.get(stream.hook(layer));
            Place place = Place.of(gpt, stream.hook(layer));
            for (int position = 0; position < clean.length; position++) {
                Patch patch = new Patch(place.at(position), source);
                Taps taps = new Interventions(gpt, List.of(patch));
                values[layer][position] =
                        Effect.of(new Reader(gpt, processor, taps).read(corrupted), target);
                progress.accept(layer * clean.length + position + 1);
            }
        }
        return new PatchingMap(best, worst, values);
    }

    /**
     * The same to first order, from one run and its gradient: what changing a vector would do is
     * the change times the gradient (attribution patching, Nanda 2023; Syed et al. 2023,
     * arXiv:2310.10348).
     *
     * @throws IllegalArgumentException if the prompts are not equally long
     */
    public static PatchingMap byGradient(
            Gpt gpt,
            Processor processor,
            int[] clean,
            int[] corrupted,
            Target target,
            Stream stream) {
        sameLength(clean, corrupted);
        Capture capture = captured(gpt, stream, clean.length);
        double best = Effect.of(new Reader(gpt, processor, capture).read(clean), target);
        int nLayer = gpt.config().nLayer();
        Tensor[] seen = new Tensor[nLayer];
        Tape tape =
                new Tape(
                        processor,
                        new Gradients(List.of()),
                        Tape.Blocks.KEEP,
                        new Keeping(Place.of(gpt, stream.hook(0)).site(), seen));
        Batch batch = new Batch(new Batch.Part(KvCache.none(), false, corrupted));
        Tensor hidden = gpt.hidden(tape, batch);
        Tensor logits = gpt.unembed(tape, hidden, new int[] {corrupted.length - 1});
        Tensor chosen = Tensor.of(1, logits.cols());
        chosen.data()[target.id()] += 1;
        target.against().ifPresent(id -> chosen.data()[id] -= 1);
        double worst =
                logits.at(0, target.id())
                        - (target.against().isPresent()
                                ? logits.at(0, target.against().getAsInt())
                                : 0);
        tape.backward(tape.multiply(logits, chosen));
        double[][] values = new double[nLayer][clean.length];
        for (int layer = 0; layer < nLayer; layer++) {
            NamedArray source = capture.get(stream.hook(layer));
            Tensor gradient = tape.gradient(seen[layer]);
            for (int t = 0; t < clean.length; t++) {
                double change = 0;
                for (int c = 0; c < gradient.cols(); c++) {
                    change += (double) gradient.at(t, c) * (source.at(t, c) - seen[layer].at(t, c));
                }
                values[layer][t] = worst + change;
            }
        }
        return new PatchingMap(best, worst, values);
    }

    private static void sameLength(int[] clean, int[] corrupted) {
        if (clean.length != corrupted.length) {
            throw new IllegalArgumentException(
                    "prompts: found %d and %d tokens, expected equally many, one in place of the other"
                            .formatted(clean.length, corrupted.length));
        }
    }

    private static Capture captured(Gpt gpt, Stream stream, int tokens) {
        List<Hook> hooks = Hooks.of(gpt).matching(List.of("blocks.*." + stream.hook));
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
