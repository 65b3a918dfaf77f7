package dev.loupe.tokens;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;

/**
 * Remembers the tokens of short pieces: most words of a text were there before. Each piece has one
 * slot, so that the size is bounded. A newcomer takes it the second time that it comes, for text
 * without repetition would only fill the memory.
 */
final class PieceCache {
    /** Longer pieces seldom come again. */
    static final int LONGEST = 32;

    private static final int SLOTS = 1 << 14;

    /** The tokens of a piece; places count from its start. */
    record Entry(
            @SuppressWarnings("ArrayRecordComponent") char[] piece, // never compared as a record
            Encoding tokens) {}

    private final @Nullable Entry[] entries = new @Nullable Entry[SLOTS];
    private final int[] newcomers = new int[SLOTS];

    @Nullable Encoding get(char[] text, int from, int to) {
        Entry entry = entries[slot(hash(text, from, to))];
        return entry != null && Arrays.equals(entry.piece, 0, entry.piece.length, text, from, to)
                ? entry.tokens
                : null;
    }

    void put(char[] text, int from, int to, TokenSink tokens) {
        int hash = hash(text, from, to);
        int slot = slot(hash);
        if (newcomers[slot] == hash) {
            entries[slot] = new Entry(Arrays.copyOfRange(text, from, to), tokens.encoding());
        } else {
            newcomers[slot] = hash;
        }
    }

    private static int hash(char[] text, int from, int to) {
        int hash = to - from;
        for (int i = from; i < to; i++) {
            hash = 31 * hash + text[i];
        }
        return hash * 0x9E3779B9;
    }

    private static int slot(int hash) {
        return hash >>> (32 - 14);
    }
}
