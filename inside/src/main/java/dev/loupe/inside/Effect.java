package dev.loupe.inside;

import dev.loupe.inside.Attribution.Target;
import dev.loupe.inside.LogitLens.Guess;
import dev.loupe.inside.LogitLens.Reading;
import dev.loupe.kernels.Processor;
import dev.loupe.model.Gpt;
import dev.loupe.model.Taps;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;

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

    /**
     * The probabilities of a token.
     *
     * @param before without the interventions
     * @param after with them
     */
    public record Moved(int id, double before, double after) {}

    /** The most likely tokens of both runs, the one with the larger probability first. */
    public List<Moved> likeliest() {
        return moved(
                        Stream.of(before, after)
                                .flatMap(reading -> reading.top().stream().map(Guess::id))
                                .distinct())
                .sorted(Comparator.comparingDouble(token -> -Math.max(token.before, token.after)))
                .toList();
    }

    /** The tokens whose probability rose most, the most first; none whose did not. */
    public List<Moved> up(int n) {
        return rose(n, 1);
    }

    /** The tokens whose probability fell most, the most first; none whose did not. */
    public List<Moved> down(int n) {
        return rose(n, -1);
    }

    private List<Moved> rose(int n, int sign) {
        Probabilities first = Probabilities.of(logitsBefore);
        Probabilities second = Probabilities.of(logitsAfter);
        float[] by = new float[logitsBefore.length];
        for (int id = 0; id < by.length; id++) {
            by[id] = (float) (sign * (second.of(id) - first.of(id)));
        }
        return moved(Arrays.stream(Top.of(by, n)).filter(id -> by[id] > 0).boxed()).toList();
    }

    private Stream<Moved> moved(Stream<Integer> ids) {
        Probabilities first = Probabilities.of(logitsBefore);
        Probabilities second = Probabilities.of(logitsAfter);
        return ids.map(id -> new Moved(id, first.of(id), second.of(id)));
    }

    /** A logit, or the difference of two, before. */
    public double before(Target target) {
        return of(logitsBefore, target);
    }

    /** A logit, or the difference of two, after. */
    public double after(Target target) {
        return of(logitsAfter, target);
    }

    /**
     * What tells the two apart: the most likely token after against the most likely one before, or
     * that token alone where they are the same.
     */
    public Target answers() {
        int id = after.best().id();
        int against = before.best().id();
        return id == against ? Target.of(id) : new Target(id, OptionalInt.of(against));
    }

    static double of(float[] logits, Target target) {
        return (double) logits[target.id()]
                - (target.against().isPresent() ? logits[target.against().getAsInt()] : 0);
    }
}
