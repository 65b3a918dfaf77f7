package dev.loupe.tokens;

import org.jspecify.annotations.Nullable;

import java.nio.charset.StandardCharsets;

/**
 * The characters by which GPT-2's vocabulary writes bytes: itself for a printable byte of Latin-1,
 * U+0100 and up, in order, for the 68 others.
 */
final class VisibleBytes {
    private static final char[] CHARS = new char[256];
    private static final short[] BYTES = new short[0x144];

    static {
        java.util.Arrays.fill(BYTES, (short) -1);
        int other = 0x100;
        for (int b = 0; b < 256; b++) {
            boolean printable = (b > ' ' && b < 0x7F) || (b > 0xA0 && b != 0xAD);
            CHARS[b] = (char) (printable ? b : other++);
            BYTES[CHARS[b]] = (short) b;
        }
    }

    private VisibleBytes() {}

    static char of(int b) {
        return CHARS[b];
    }

    /** The byte that one of the characters is written for. */
    static int byteOf(char visible) {
        return BYTES[visible];
    }

    /** The byte that a character is written for, or -1. */
    static int find(int codePoint) {
        return codePoint < BYTES.length ? BYTES[codePoint] : -1;
    }

    /** The bytes that a token is written for, or null if it is not written in this way. */
    static byte @Nullable [] decode(String token) {
        byte[] bytes = new byte[token.length()];
        for (int i = 0; i < bytes.length; i++) {
            int b = find(token.charAt(i));
            if (b < 0) {
                return null;
            }
            bytes[i] = (byte) b;
        }
        return bytes;
    }

    static String encode(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        StringBuilder out = new StringBuilder(bytes.length);
        for (byte b : bytes) {
            out.append(CHARS[b & 255]);
        }
        return out.toString();
    }
}
