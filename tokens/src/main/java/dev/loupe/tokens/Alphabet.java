package dev.loupe.tokens;

/** What the smallest symbols are, of which tokens are merged. */
public enum Alphabet {
    /**
     * Bytes of UTF-8. In the file each byte is written as one visible character, as GPT-2 began to:
     * a space is {@code Ġ}, a line feed {@code Ċ}.
     */
    BYTES,
    /** Characters, with {@code ▁} for the space; those without a token may fall back to bytes. */
    CHARACTERS
}
