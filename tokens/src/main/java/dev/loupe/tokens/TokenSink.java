package dev.loupe.tokens;

import java.util.Arrays;

/** Grows the ids and places of tokens. */
final class TokenSink {
    int[] ids = new int[64];
    int[] starts = new int[64];
    int[] ends = new int[64];
    int size;

    void add(int id, int start, int end) {
        if (size == ids.length) {
            ids = Arrays.copyOf(ids, size * 2);
            starts = Arrays.copyOf(starts, size * 2);
            ends = Arrays.copyOf(ends, size * 2);
        }
        ids[size] = id;
        starts[size] = start;
        ends[size++] = end;
    }

    void clear() {
        size = 0;
    }

    /** Gives back the space of a very long text. */
    void shrink() {
        ids = new int[64];
        starts = new int[64];
        ends = new int[64];
        size = 0;
    }

    Encoding encoding() {
        return new Encoding(
                Arrays.copyOf(ids, size), Arrays.copyOf(starts, size), Arrays.copyOf(ends, size));
    }
}
