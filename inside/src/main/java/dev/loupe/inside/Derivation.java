package dev.loupe.inside;

import dev.loupe.kernels.Processor;
import dev.loupe.model.Gpt;
import dev.loupe.model.Taps;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * How one number inside of a model came to be: the numbers that it was computed from, as they
 * passed through, and the arithmetic between them, done again in double precision.
 *
 * @param name of the number, {@code blocks.3.attn.hook_q[4, 2, 7]}
 * @param formula the rule, in words of the model
 * @param lines what was computed on the way, in order
 * @param terms all terms of the sum that it is, in order; empty where it is none
 * @param bias what was added to the sum, or null
 * @param result what this arithmetic gives
 * @param captured what the model had there
 */
public record Derivation(
        String name,
        String formula,
        List<Line> lines,
        List<Term> terms,
        @Nullable Double bias,
        double result,
        double captured) {
    /** What the logits are called, which no hook has: {@code [token, vocabSize]}. */
    public static final String LOGITS = "logits";

    /** A number on the way. */
    public record Line(String text, double value) {}

    /**
     * A term of the sum.
     *
     * @param name what the input is
     * @param index of the input along the axis that is summed over
     * @param weight what the input is multiplied by, or null where it is added as it is
     * @param product what is added
     */
    public record Term(
            String name, int index, @Nullable Double weight, double input, double product) {}

    /** The largest number among those that were added up, or of the result. */
    public double magnitude() {
        double largest = Math.max(Math.abs(captured), bias == null ? 0 : Math.abs(bias));
        for (Term term : terms) {
            largest = Math.max(largest, Math.abs(term.product));
        }
        return largest;
    }

    /**
     * Runs a prompt and derives one number.
     *
     * @param taps what else looks in or changes what passes, before this looks
     * @param hook its name, or {@link #LOGITS}
     * @param index one number for each axis of the hook
     * @param mostBytes how much memory the inputs may take
     * @throws HookException if there is no such hook or index, or the memory is too small
     */
    public static Derivation of(
            Gpt gpt,
            Processor processor,
            int[] ids,
            Taps taps,
            String hook,
            int[] index,
            long mostBytes) {
        return new Deriver(gpt, processor, ids, taps, mostBytes).derive(hook, index);
    }
}
