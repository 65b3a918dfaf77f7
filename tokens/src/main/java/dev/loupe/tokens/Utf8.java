package dev.loupe.tokens;

/**
 * Characters in an array of UTF-8 bytes. Where the bytes are no UTF-8, each that does not fit is a
 * character of its own, U+FFFD; no step leaves the range that is given.
 */
final class Utf8 {
    private static final int REPLACEMENT = 0xFFFD;

    private Utf8() {}

    /** Where the character that begins at a place ends. */
    static int after(byte[] bytes, int at, int to) {
        int length = length(bytes[at]);
        if (length > to - at) {
            return at + 1;
        }
        for (int i = 1; i < length; i++) {
            if (!continues(bytes[at + i])) {
                return at + 1;
            }
        }
        return at + length;
    }

    /** The character that begins at a place, as a code point. */
    static int at(byte[] bytes, int at, int to) {
        int length = after(bytes, at, to) - at;
        int first = bytes[at];
        if (length == 1) {
            return first >= 0 ? first : REPLACEMENT;
        }
        int codePoint = first & 0x7F >> length;
        for (int i = 1; i < length; i++) {
            codePoint = codePoint << 6 | (bytes[at + i] & 0x3F);
        }
        return codePoint;
    }

    /** The last character before a place, as a code point. */
    static int before(byte[] bytes, int from, int to) {
        return at(bytes, startOfLast(bytes, from, to), to);
    }

    /** Where the last character before a place begins. */
    static int startOfLast(byte[] bytes, int from, int to) {
        for (int start = to - 1; start >= Math.max(from, to - 4); start--) {
            if (!continues(bytes[start])) {
                return after(bytes, start, to) == to ? start : to - 1;
            }
        }
        return to - 1;
    }

    private static boolean continues(byte b) {
        return (b & 0xC0) == 0x80;
    }

    private static int length(byte first) {
        return (first & 0xE0) == 0xC0
                ? 2
                : (first & 0xF0) == 0xE0 ? 3 : (first & 0xF8) == 0xF0 ? 4 : 1;
    }
}
