package dev.loupe.generate;

import java.util.List;

/**
 * A text to continue.
 *
 * @param prompt ids, at least one
 * @param sampling how tokens are drawn
 * @param maxTokens how many at most
 * @param stop texts that end it, and are not part of it
 * @param ignoreEnd true if end-of-generation tokens are never drawn
 * @param seed of the only source of chance: same seed, same text
 */
public record Request(
        int[] prompt,
        Sampling sampling,
        int maxTokens,
        List<String> stop,
        boolean ignoreEnd,
        long seed) {
    public Request {
        prompt = prompt.clone();
        stop = List.copyOf(stop);
        if (prompt.length == 0) {
            throw new IllegalArgumentException(
                    "the prompt is empty, and there is nothing to go on");
        }
        if (maxTokens < 0) {
            throw new IllegalArgumentException(
                    "max tokens: found " + maxTokens + ", expected 0 or more");
        }
    }

    /** The most likely continuation. */
    public static Request greedy(int[] prompt, int maxTokens) {
        return new Request(prompt, Sampling.GREEDY, maxTokens, List.of(), false, 0);
    }

    /** The same with another way to draw. */
    public Request withSampling(Sampling sampling, long seed) {
        return new Request(prompt, sampling, maxTokens, stop, ignoreEnd, seed);
    }
}
