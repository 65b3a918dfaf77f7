package dev.loupe.tokens;

/**
 * Tokens to text, one token at a time. One character may be spread over several tokens; nothing of
 * it is given out before it is whole. A decoder belongs to one text, and to one thread at a time.
 */
public interface Decoder {
    /** The text that is certain after one more token; empty while a character is not whole. */
    String push(int id);

    /** Ends the text: what is left of a character that never became whole, as U+FFFD. */
    String finish();
}
