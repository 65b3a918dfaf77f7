package dev.loupe.tokens;

/**
 * The classes of characters by which pre-tokenizers split: Unicode general categories as of Java 25
 * (Unicode 16).
 */
final class Characters {
    static final int LETTER = 1;
    static final int NUMBER = 2;
    static final int SPACE = 4;
    static final int PUNCTUATION = 8;
    static final int MARK = 16;
    static final int SYMBOL = 32;

    /** The classes of the characters that were asked for; 0: not asked yet. */
    private static final byte[] BASIC = new byte[1 << 16];

    private static final int KNOWN = 64;

    private Characters() {}

    /** The classes of a code point, as bits. */
    static int of(int codePoint) {
        return codePoint < BASIC.length ? basic(codePoint) : categories(codePoint);
    }

    private static int basic(int c) {
        int known = BASIC[c];
        return known == 0 ? look(c) : known & ~KNOWN;
    }

    /** Looking all of them up at once would take longer than most texts need. */
    private static int look(int c) {
        int classes = categories(c);
        BASIC[c] = (byte) (classes | KNOWN);
        return classes;
    }

    /** The classes of the code point at an index; 0 outside. */
    static int at(char[] text, int index, int limit) {
        if (index >= limit) {
            return 0;
        }
        char c = text[index];
        return Character.isHighSurrogate(c)
                ? of(Character.codePointAt(text, index, limit))
                : basic(c);
    }

    /** White space, as the Unicode property has it. All of it is below U+10000. */
    static boolean isSpace(char c) {
        return (basic(c) & SPACE) != 0;
    }

    /** A character of a word: letter, mark, digit, connector, or joiner. */
    static boolean isWord(int codePoint) {
        int type = Character.getType(codePoint);
        return Character.isAlphabetic(codePoint)
                || (of(codePoint) & MARK) != 0
                || type == Character.DECIMAL_DIGIT_NUMBER
                || type == Character.CONNECTOR_PUNCTUATION
                || codePoint == 0x200C
                || codePoint == 0x200D;
    }

    private static int categories(int codePoint) {
        if (hasSpaceProperty(codePoint)) {
            return SPACE;
        }
        return switch (Character.getType(codePoint)) {
            case Character.UPPERCASE_LETTER,
                    Character.LOWERCASE_LETTER,
                    Character.TITLECASE_LETTER,
                    Character.MODIFIER_LETTER,
                    Character.OTHER_LETTER ->
                    LETTER;
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER ->
                    NUMBER;
            case Character.NON_SPACING_MARK,
                    Character.ENCLOSING_MARK,
                    Character.COMBINING_SPACING_MARK ->
                    MARK;
            case Character.DASH_PUNCTUATION,
                    Character.START_PUNCTUATION,
                    Character.END_PUNCTUATION,
                    Character.CONNECTOR_PUNCTUATION,
                    Character.OTHER_PUNCTUATION,
                    Character.INITIAL_QUOTE_PUNCTUATION,
                    Character.FINAL_QUOTE_PUNCTUATION ->
                    PUNCTUATION;
            case Character.MATH_SYMBOL,
                    Character.CURRENCY_SYMBOL,
                    Character.MODIFIER_SYMBOL,
                    Character.OTHER_SYMBOL ->
                    SYMBOL;
            default -> 0;
        };
    }

    private static boolean hasSpaceProperty(int c) {
        return c == ' '
                || (c >= 0x09 && c <= 0x0D)
                || c == 0x85
                || c == 0xA0
                || c == 0x1680
                || (c >= 0x2000 && c <= 0x200A)
                || c == 0x2028
                || c == 0x2029
                || c == 0x202F
                || c == 0x205F
                || c == 0x3000;
    }
}
