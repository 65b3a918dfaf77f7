package dev.loupe.train;

import org.jspecify.annotations.Nullable;

/**
 * What a step was like.
 *
 * @param step from 1
 * @param tokens tokens that were trained on so far
 * @param seconds since training began, in all runs together
 * @param loss mean of the tokens of this step, in nats
 * @param rate the learning rate
 * @param gradientNorm before clipping
 * @param tokensPerSecond of this step
 * @param skipped why no weight was changed, or null
 */
public record StepReport(
        long step,
        long tokens,
        double seconds,
        double loss,
        double rate,
        double gradientNorm,
        double tokensPerSecond,
        @Nullable String skipped) {}
