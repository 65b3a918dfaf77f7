package dev.loupe.tokens;

/**
 * How a text is read.
 *
 * @param parseSpecial whether {@code <|im_end|>} in the text becomes the control token of that
 *     name. Only a template that the program itself filled in may say so, never text of a user.
 * @param addSpecial whether the tokens are added that the model expects around a text, such as BOS
 */
public record EncodeOptions(boolean parseSpecial, boolean addSpecial) {
    /** Nothing parsed, nothing added. */
    public static final EncodeOptions PLAIN = new EncodeOptions(false, false);

    /** Nothing parsed; the tokens around a text are added. */
    public static final EncodeOptions PROMPT = new EncodeOptions(false, true);

    /** Control tokens are parsed; nothing is added. For a filled-in chat template. */
    public static final EncodeOptions TEMPLATE = new EncodeOptions(true, false);
}
