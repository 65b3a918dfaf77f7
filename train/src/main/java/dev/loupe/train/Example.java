package dev.loupe.train;

import dev.loupe.kernels.Targets;
import dev.loupe.model.Batch;
import dev.loupe.model.KvCache;
import dev.loupe.tokens.Dialogue;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One example: what the model reads, and what it is to say. What stands behind the last answer is
 * left out, for nothing is learned from it.
 *
 * @param ids what is read, shape [token]
 * @param next the token to learn behind each, {@link Targets#IGNORE} where there is none
 */
@SuppressWarnings("ArrayRecordComponent") // equality is not used
record Example(int[] ids, int[] next) {
    /** Of a dialogue; null if it has no answer. */
    static @Nullable Example of(Dialogue dialogue) {
        int[] ids = dialogue.ids();
        int rows = ids.length - 1;
        while (rows > 0 && !dialogue.answers()[rows]) {
            rows--;
        }
        if (rows <= 0) {
            return null;
        }
        int[] next = new int[rows];
        Arrays.setAll(next, i -> dialogue.answers()[i + 1] ? ids[i + 1] : Targets.IGNORE);
        return new Example(Arrays.copyOf(ids, rows), next);
    }

    /** How many rows of a batch it takes. */
    int rows() {
        return ids.length;
    }

    /** What it reads before the first answer. */
    int[] prompt() {
        int first = 0;
        while (next[first] == Targets.IGNORE) {
            first++;
        }
        return Arrays.copyOf(ids, first + 1);
    }

    /** Examples side by side in one batch, none of which sees another. */
    static Lesson lesson(List<Example> examples) {
        List<Batch.Part> parts = new ArrayList<>();
        int[] next = new int[examples.stream().mapToInt(Example::rows).sum()];
        int row = 0;
        for (Example example : examples) {
            parts.add(new Batch.Part(KvCache.none(), false, example.ids));
            System.arraycopy(example.next, 0, next, row, example.rows());
            row += example.rows();
        }
        return new Lesson(new Batch(parts), next);
    }
}
