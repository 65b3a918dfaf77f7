package dev.loupe.inside;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * How one number of a run came to be: the formula, the numbers that went into it, and what they
 * give. The terms sum to the result, bias included, where the formula is a sum; where it is not,
 * the lines say what is done with them.
 *
 * @param name the hook and the place in its array
 * @param formula in words of the hooks
 * @param lines intermediate results
 * @param terms what is summed up, in order
 * @param bias what is added at the end, or null
 * @param result computed here, in double precision
 * @param captured what the model computed
 */
public record Derivation(
        String name,
        String formula,
        List<Line> lines,
        List<Term> terms,
        @Nullable Double bias,
        double result,
        double captured) {
    /** A step on the way. */
    public record Line(String text, double value) {}

    /**
     * What is summed up.
     *
     * @param index which of the inputs
     * @param weight what the input is multiplied by, or null if by nothing
     * @param input a number of a hook, or null where the product is all there is
     */
    public record Term(
            String name,
            int index,
            @Nullable Double weight,
            @Nullable Double input,
            double product) {}

    /** The name of the logits, which are no hook: {@code [token, vocabSize]}. */
    public static final String LOGITS = "logits";

    public Derivation {
        lines = List.copyOf(lines);
        terms = List.copyOf(terms);
    }

    /**
     * Derives a number of a prompt's run.
     *
     * @param run the run of the prompt
     * @param hook the name of a hook, or {@link #LOGITS}
     * @param index where in its array
     * @throws HookException if there is no such hook or place
     */
    public static Derivation of(CapturedRun run, String hook, int... index) {
        return new Deriving(run).of(hook, index);
    }
}
