package dev.loupe.tokens;

import java.util.Arrays;

/** Collects rewritten text with the place in the original of each character. */
final class AlignedBuilder {
    private char[] chars;
    private int[] starts;
    private int[] ends;
    private int size;

    AlignedBuilder(int expected) {
        chars = new char[Math.max(16, expected)];
        starts = new int[chars.length];
        ends = new int[chars.length];
    }

    /** Adds text all of whose characters stand for one span of the original. */
    void add(CharSequence text, int start, int end) {
        for (int i = 0; i < text.length(); i++) {
            if (size == chars.length) {
                chars = Arrays.copyOf(chars, size * 2);
                starts = Arrays.copyOf(starts, size * 2);
                ends = Arrays.copyOf(ends, size * 2);
            }
            chars[size] = text.charAt(i);
            starts[size] = start;
            ends[size++] = end;
        }
    }

    AlignedText build() {
        return new AlignedText(chars, 0, size, 0, 0, starts, ends);
    }
}
