package dev.loupe.tokens;

/** What a token is for. */
public enum TokenKind {
    /** A piece of text. */
    NORMAL,
    /** Stands for text that the vocabulary cannot express; gives no text back. */
    UNKNOWN,
    /** Steers the model and is no text: begin, end, turn of a speaker. */
    CONTROL,
    /** A piece of text that is found whole, before the text is split. */
    USER_DEFINED,
    /** Not used by the model. */
    UNUSED,
    /** One byte, for characters that have no token: {@code <0x0A>}. */
    BYTE;

    /** Whether it gives no text. */
    boolean control() {
        return this == CONTROL || this == UNKNOWN;
    }
}
