package dev.loupe.tokens;

/** The steps of which the splitters are made: each says how far something reaches. */
final class Words {
    private Words() {}

    /** The index after the character at an index. */
    static int after(char[] text, int index, int limit) {
        return index
                + (index + 1 < limit && Character.isSurrogatePair(text[index], text[index + 1])
                        ? 2
                        : 1);
    }

    /** The end of a run of characters whose classes, among {@code mask}, are {@code kind}. */
    static int run(char[] text, int start, int limit, int mask, int kind) {
        int end = start;
        while (end < limit && (Characters.at(text, end, limit) & mask) == kind) {
            end = after(text, end, limit);
        }
        return end;
    }

    static int runOfAny(char[] text, int start, int limit, int mask) {
        return runOfAny(text, start, limit, mask, Integer.MAX_VALUE);
    }

    /** The end of a run of at most {@code max} characters that are of one of the classes. */
    static int runOfAny(char[] text, int start, int limit, int mask, int max) {
        int end = start;
        for (int n = 0; n < max && (Characters.at(text, end, limit) & mask) != 0; n++) {
            end = after(text, end, limit);
        }
        return end;
    }

    /**
     * White space, but for its last when a word follows, for that one belongs to the word: {@code
     * \s+(?!\S)|\s+}.
     */
    static int spaces(char[] text, int start, int limit) {
        int end = run(text, start, limit, Characters.SPACE, Characters.SPACE);
        return end < limit && end - start > 1 ? end - 1 : end;
    }

    /** As {@link #spaces}, but up to the last line break if there is one. */
    static int spacesWithLineBreaks(char[] text, int start, int limit) {
        int end = run(text, start, limit, Characters.SPACE, Characters.SPACE);
        for (int i = end; i > start; i--) {
            if (CharClass.LINE_BREAK.has(text[i - 1])) {
                return i;
            }
        }
        return end < limit && end - start > 1 ? end - 1 : end;
    }

    /**
     * The end of 's 't 're 've 'm 'll 'd, or {@code start} where there is none.
     *
     * @param anyCase also in capitals, and with the long s, as case folding has it
     */
    static int contraction(char[] text, int start, int limit, boolean anyCase) {
        if (text[start] != '\'' || start + 1 >= limit) {
            return start;
        }
        char first = letter(text[start + 1], anyCase);
        if (first == 's' || first == 't' || first == 'm' || first == 'd') {
            return start + 2;
        }
        if (start + 2 >= limit) {
            return start;
        }
        char second = letter(text[start + 2], anyCase);
        boolean two =
                (first == 'r' && second == 'e')
                        || (first == 'v' && second == 'e')
                        || (first == 'l' && second == 'l');
        return two ? start + 3 : start;
    }

    private static char letter(char c, boolean anyCase) {
        if (!anyCase) {
            return c;
        }
        if (c == '\u017F') {
            return 's';
        }
        return c >= 'A' && c <= 'Z' ? (char) (c + 32) : c;
    }
}
