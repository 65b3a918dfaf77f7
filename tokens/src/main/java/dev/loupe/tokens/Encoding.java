package dev.loupe.tokens;

/**
 * The tokens of a text. Token {@code i} is {@code ids[i]} and comes from {@code
 * text.substring(starts[i], ends[i])}.
 *
 * <p>A token that is a part of one character has that character's span, so spans may repeat. A
 * token that has no place in the text, such as BOS, has an empty span.
 *
 * @param ids token ids, shape [token]
 * @param starts first UTF-16 unit of each token, shape [token]
 * @param ends the unit after the last, shape [token]
 */
@SuppressWarnings("ArrayRecordComponent") // read by hot code; equality of encodings is not used
public record Encoding(int[] ids, int[] starts, int[] ends) {
    public Encoding {
        if (starts.length != ids.length || ends.length != ids.length) {
            throw new IllegalArgumentException(
                    ids.length
                            + " ids with "
                            + starts.length
                            + " starts and "
                            + ends.length
                            + " ends: there is one of each for a token");
        }
    }
}
