package dev.loupe.kernels;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * What a model should have said, row by row.
 *
 * @param ids the token behind each row; {@link #IGNORE} where nothing is asked
 * @param weights how much each row counts in the loss
 */
public record Targets(int[] ids, float[] weights) {
    /** Of a row that has no part in the loss. */
    public static final int IGNORE = -1;

    public Targets {
        if (ids.length != weights.length) {
            throw new IllegalArgumentException(
                    "targets: found %d weights, expected one for each of the %d ids"
                            .formatted(weights.length, ids.length));
        }
        for (float weight : weights) {
            if (!(Math.abs(weight) < Float.MAX_VALUE)) {
                throw new IllegalArgumentException(
                        "target weight: found " + weight + ", expected a finite number");
            }
        }
    }

    /** All that are asked for count alike, so that the sum of the losses is their mean. */
    public static Targets mean(int... ids) {
        long asked = Arrays.stream(ids).filter(id -> id != IGNORE).count();
        float[] weights = new float[ids.length];
        Arrays.fill(weights, asked == 0 ? 0 : 1f / asked);
        return new Targets(ids, weights);
    }

    /** Whether a row has a part in the loss. */
    public boolean counts(int row) {
        return ids[row] != IGNORE && weights[row] != 0;
    }

    /** The targets of some rows. */
    public Targets of(int[] rows) {
        int[] some = new int[rows.length];
        float[] counts = new float[rows.length];
        for (int i = 0; i < rows.length; i++) {
            some[i] = ids[rows[i]];
            counts[i] = weights[rows[i]];
        }
        return new Targets(some, counts);
    }

    /** The rows that have a part in the loss. */
    public int[] rows() {
        return IntStream.range(0, ids.length).filter(this::counts).toArray();
    }
}
