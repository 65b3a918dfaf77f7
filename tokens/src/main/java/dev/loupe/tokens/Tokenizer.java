package dev.loupe.tokens;

import java.util.OptionalInt;
import java.util.Set;

/**
 * Text to token ids and back.
 *
 * <p>A tokenizer is immutable and may be used by several threads at once. Ids are 0 to {@link
 * #vocabSize} - 1; a method that takes an id throws {@link IllegalArgumentException} for any other.
 *
 * <p>A Java string may hold half a surrogate pair, which is no character and has no UTF-8. Such a
 * half is encoded as U+FFFD.
 */
public interface Tokenizer {
    /** How many ids there are. */
    int vocabSize();

    /** The tokens of a text, with the place of each in it. */
    Encoding encode(String text, EncodeOptions options);

    /** The ids of a text that is only text: nothing in it is a control token, nothing is added. */
    default int[] encode(String text) {
        return encode(text, EncodeOptions.PLAIN).ids();
    }

    /** The bytes of text that a token stands for; none for a control token. */
    byte[] bytes(int id);

    /**
     * A token for display: the text it stands for, or the own name of a control token such as
     * {@code <|im_end|>}. Half a character is shown as U+FFFD.
     */
    String text(int id);

    /** Whether a token steers the model and is no text. */
    boolean control(int id);

    /** The text of some tokens: the sum of what a {@link #decoder} gives for them. */
    default String decode(int... ids) {
        Decoder decoder = decoder();
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            text.append(decoder.push(id));
        }
        return text.append(decoder.finish()).toString();
    }

    /** Decodes from the start of a text, where the space that encoding put in front is dropped. */
    Decoder decoder();

    /** Decodes what follows other tokens of the same text: a space in front is kept. */
    Decoder continuation();

    /** The token that begins a text. */
    OptionalInt bos();

    /** The token that ends a text. */
    OptionalInt eos();

    /**
     * All tokens after which a model has nothing more to say: end of text, of a turn, of a message.
     */
    Set<Integer> endOfGeneration();

    /** Whether {@link EncodeOptions#addSpecial} puts the BOS token in front. */
    boolean addsBos();

    /** Whether {@link EncodeOptions#addSpecial} puts the EOS token behind. */
    boolean addsEos();

    /** The id of the token that is written like this in the model's file. */
    OptionalInt idOf(String token);
}
