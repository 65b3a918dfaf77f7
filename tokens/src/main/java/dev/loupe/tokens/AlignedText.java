package dev.loupe.tokens;

import org.jspecify.annotations.Nullable;

/**
 * A part of the text, perhaps rewritten, with the place in the original of each of its characters.
 * Content is {@code chars[from, to)}. Without {@code starts} and {@code ends} the character at
 * {@code i} stands for the original's at {@code i + shift}, if that is not before {@code base}.
 */
record AlignedText(
        @SuppressWarnings("ArrayRecordComponent") char[] chars, // shared with the caller's text
        int from,
        int to,
        int shift,
        int base,
        @SuppressWarnings("ArrayRecordComponent") int @Nullable [] starts,
        @SuppressWarnings("ArrayRecordComponent") int @Nullable [] ends) {

    AlignedText(char[] chars, int from, int to) {
        this(chars, from, to, 0, from, null, null);
    }

    AlignedText part(int partFrom, int partTo) {
        int partBase = starts == null && partFrom < to ? start(partFrom) : base;
        return new AlignedText(chars, partFrom, partTo, shift, partBase, starts, ends);
    }

    /** Where in the original the character at an index begins. */
    int start(int index) {
        return starts != null ? starts[index] : Math.max(base, index + shift);
    }

    /** Where in the original the character at an index ends. */
    int end(int index) {
        return ends != null ? ends[index] : Math.max(base, index + 1 + shift);
    }

    boolean isEmpty() {
        return from == to;
    }

    /** The same with something in front that has no place in the original. */
    AlignedText prepend(String front) {
        int extra = front.length();
        int length = to - from;
        char[] all = new char[extra + length];
        front.getChars(0, extra, all, 0);
        System.arraycopy(chars, from, all, extra, length);
        int origin = start(from);
        if (starts == null && base == origin) {
            return new AlignedText(all, 0, all.length, shift + from - extra, base, null, null);
        }
        int[] allStarts = new int[all.length];
        int[] allEnds = new int[all.length];
        for (int i = 0; i < all.length; i++) {
            allStarts[i] = i < extra ? origin : start(from + i - extra);
            allEnds[i] = i < extra ? origin : end(from + i - extra);
        }
        return new AlignedText(all, 0, all.length, 0, 0, allStarts, allEnds);
    }

    /** The same places with other characters, one for one. */
    AlignedText replaceChar(char old, char with) {
        char[] all = new char[to - from];
        for (int i = 0; i < all.length; i++) {
            all[i] = chars[from + i] == old ? with : chars[from + i];
        }
        if (starts == null) {
            return new AlignedText(all, 0, all.length, shift + from, base, null, null);
        }
        return new AlignedText(
                all,
                0,
                all.length,
                0,
                0,
                java.util.Arrays.copyOfRange(starts, from, to),
                java.util.Arrays.copyOfRange(java.util.Objects.requireNonNull(ends), from, to));
    }
}
