package dev.loupe.generate;

import java.util.List;

/**
 * A finished text.
 *
 * @param prompt the ids it continues
 * @param ids what was drawn, without an end-of-generation token
 * @param text the continuation, without a stop string
 * @param logprobs of the drawn ids
 * @param reason why it ended
 * @param timings how long it took
 */
public record Generation(
        int[] prompt,
        int[] ids,
        String text,
        List<Double> logprobs,
        FinishReason reason,
        Timings timings) {

    /** Why a text ended. */
    public enum FinishReason {
        /** An end-of-generation token or a stop string came. */
        STOP,
        /** As many tokens as were asked for, or as the context holds. */
        LENGTH,
        /** Someone interrupted it. */
        CANCELLED
    }

    /**
     * How long it took. Sequences of a batch share their time: each has the whole of it.
     *
     * @param promptTokens tokens that were read
     * @param promptMillis until the first token could be drawn
     * @param predictedTokens tokens that were drawn, an end token included
     * @param predictedMillis after that
     */
    public record Timings(
            int promptTokens, double promptMillis, int predictedTokens, double predictedMillis) {}
}
