package dev.loupe.train;

import dev.loupe.kernels.Targets;
import dev.loupe.model.Batch;

import java.util.Arrays;

/**
 * What goes through the model at once, and what it should have said.
 *
 * @param batch sequences, each of which sees itself alone
 * @param next the token behind each row, {@link Targets#IGNORE} where it is not to be learned
 */
@SuppressWarnings("ArrayRecordComponent") // equality is not used
public record Lesson(Batch batch, int[] next) {
    /** How many tokens are to be learned. */
    public long asked() {
        return Arrays.stream(next).filter(id -> id != Targets.IGNORE).count();
    }

    /** All that are asked for, with the same weight. */
    Targets targets(float weight) {
        float[] weights = new float[next.length];
        Arrays.fill(weights, weight);
        return new Targets(next, weights);
    }
}
