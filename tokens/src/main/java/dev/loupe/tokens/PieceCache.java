package dev.loupe.tokens;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;

/**
 * Remembers the tokens of short pieces: most words of a text were there before. Each piece has one
 * slot, so that the size is bounded; a newcomer takes it.
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

    @Nullable Encoding get(char[] text, int from, int to) {
        Entry entry = entries[slot(text, from, to)];
        return entry != null && Arrays.equals(entry.piece, 0, entry.piece.length, text, from, to)
                ? entry.tokens
                : null;
    }

    void put(char[] text, int from, int to, Encoding tokens) {
        entries[slot(text, from, to)] = new Entry(Arrays.copyOfRange(text, from, to), tokens);
    }

    private static int slot(char[] text, int from, int to) {
        int hash = 0;
        for (int i = from; i < to; i++) {
            hash = 31 * hash + text[i];
        }
        hash *= 0x9E3779B9;
        return hash >>> (32 - 14);
    }
}
