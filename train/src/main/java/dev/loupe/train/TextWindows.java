package dev.loupe.train;

import dev.loupe.model.Batch;
import dev.loupe.model.KvCache;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.LongStream;

/** Windows of text as batches. */
public final class TextWindows implements Material {
    private final TokenFile data;
    private final Windows windows;
    private final int batch;
    private final int accumulation;

    /**
     * Cuts windows out of a text.
     *
     * @param windows where in the data to train, and in which order
     */
    public TextWindows(TokenFile data, Windows windows, Recipe recipe) {
        this.data = data;
        this.windows = windows;
        batch = recipe.batch();
        accumulation = recipe.accumulation();
    }

    @Override
    public List<Lesson> step(long place) {
        List<Lesson> lessons = new ArrayList<>();
        for (int i = 0; i < accumulation; i++) {
            long first = place + (long) i * batch;
            long[] starts = LongStream.range(first, first + batch).map(windows::start).toArray();
            lessons.add(lesson(windows.length(), starts));
        }
        return lessons;
    }

    private Lesson lesson(int length, long... starts) {
        List<Batch.Part> parts = new ArrayList<>();
        int[] next = new int[starts.length * length];
        for (int b = 0; b < starts.length; b++) {
            int[] ids = new int[length + 1];
            data.read(starts[b], ids, 0, length + 1);
            System.arraycopy(ids, 1, next, b * length, length);
            parts.add(new Batch.Part(KvCache.none(), false, Arrays.copyOf(ids, length)));
        }
        return new Lesson(new Batch(parts), next);
    }

    @Override
    public int mostRows() {
        return batch * windows.length();
    }

    /** How many tokens a step trains on. */
    long tokensOfStep() {
        return (long) batch * accumulation * windows.length();
    }

    /** For people: how much there is, and how often it is gone through. */
    String data(long size, long trained, Recipe recipe) {
        long steps = recipe.schedule().steps();
        return String.format(
                Locale.ROOT,
                "data: %,d tokens, %,d of them to train on; %,d steps of %,d tokens are %.1f times"
                        + " through them",
                size,
                trained,
                steps,
                tokensOfStep(),
                (double) steps * tokensOfStep() / trained);
    }

    /**
     * Windows of a range of tokens that is not trained on, spread evenly, always the same.
     *
     * @param first the first token
     * @param tokens how many there are
     * @param most windows at most
     */
    public List<Lesson> held(long first, long tokens, int most) {
        int length = (int) Math.min(windows.length(), tokens - 1);
        if (length < 1) {
            throw new DataException(
                    "there is nothing to validate with: %d tokens".formatted(tokens));
        }
        long there = Math.max(1, (tokens - 1) / length);
        long count = Math.min(most, there);
        List<Lesson> lessons = new ArrayList<>();
        for (long done = 0; done < count; done += batch) {
            long[] starts =
                    LongStream.range(done, Math.min(count, done + batch))
                            .map(i -> first + i * there / count * length)
                            .toArray();
            lessons.add(lesson(length, starts));
        }
        return lessons;
    }
}
