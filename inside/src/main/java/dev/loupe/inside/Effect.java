package dev.loupe.inside;

import dev.loupe.inside.Attribution.Target;
import dev.loupe.inside.LogitLens.Reading;
import dev.loupe.kernels.Processor;
import dev.loupe.model.Gpt;
import dev.loupe.model.Taps;

import java.util.List;

/**
 * What interventions do to the next token.
 *
 * @param logitsBefore without them, {@code vocabSize} numbers
 * @param logitsAfter with them
 * @param divergence {@code KL(before || after)}, in nats
 * @param before the most likely tokens without them
 * @param after the most likely tokens with them
 */
public record Effect(
        float[] logitsBefore,
        float[] logitsAfter,
        double divergence,
        Reading before,
        Reading after) {

    /**
     * Runs a prompt without and with interventions.
     *
     * @param top how many tokens of each
     */
    public static Effect of(
            Gpt gpt, Processor processor, int[] ids, List<Intervention> changes, int top) {
        float[] before = new Reader(gpt, processor, Taps.NONE).read(ids);
        float[] after = new Reader(gpt, processor, new Interventions(gpt, changes)).read(ids);
        return of(before, after, top);
    }

    /** Compares the logits of two runs. */
    public static Effect of(float[] before, float[] after, int top) {
        return new Effect(
                before,
                after,
                Probabilities.of(before).divergence(Probabilities.of(after)),
                LogitLens.reading(before, top),
                LogitLens.reading(after, top));
    }

    /** A logit, or the difference of two, before. */
    public double before(Target target) {
        return of(logitsBefore, target);
    }

    /** A logit, or the difference of two, after. */
    public double after(Target target) {
        return of(logitsAfter, target);
    }

    static double of(float[] logits, Target target) {
        return (double) logits[target.id()]
                - (target.against().isPresent() ? logits[target.against().getAsInt()] : 0);
    }
}
