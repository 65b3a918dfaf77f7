package dev.loupe.tokens;

/**
 * A token that is found in the text before anything else is done to it.
 *
 * @param id its id
 * @param text what is looked for
 * @param special whether it is looked for only when {@link EncodeOptions#parseSpecial} says so
 * @param lstrip whether it takes the white space in front with it
 * @param rstrip whether it takes the white space behind with it
 * @param singleWord whether it must not touch a letter or digit
 * @param normalized whether it is looked for in the normalized text rather than in the text as it
 *     is
 */
public record AddedToken(
        int id,
        String text,
        boolean special,
        boolean lstrip,
        boolean rstrip,
        boolean singleWord,
        boolean normalized) {
    /**
     * The longest text of an added token, in UTF-16 units; it bounds the cost of looking for it.
     */
    public static final int MAX_LENGTH = 256;

    public AddedToken {
        if (text.isEmpty() || text.length() > MAX_LENGTH) {
            throw new IllegalArgumentException(
                    "added token " + id + " has " + text.length() + " characters, not 1 to 256");
        }
    }

    /** A token that is looked for in the text as it is, and takes nothing with it. */
    public AddedToken(int id, String text, boolean special) {
        this(id, text, special, false, false, false, false);
    }
}
