package dev.loupe.inside;

import dev.loupe.tokens.Tokenizer;

import java.util.List;
import java.util.Optional;

/**
 * What a person calls a token: a word, which has a leading space where there is such a token; a
 * text in quotes, which is taken as it stands; or {@code #12}, its id.
 *
 * @param text without the quotes
 * @param exact whether it is taken as it stands
 */
public record TokenName(String text, boolean exact) {
    /**
     * The ids of the text: one if it names a token, more if it is written in pieces, none if it is
     * empty.
     *
     * @param tokenizer of the model; an id needs none
     * @param vocabSize of the model
     * @throws IllegalArgumentException if the model has no such id, or a text has no tokenizer
     */
    public int[] ids(Optional<Tokenizer> tokenizer, int vocabSize) {
        if (text.matches("#\\d{1,9}")) {
            int id = Integer.parseInt(text.substring(1));
            if (id >= vocabSize) {
                throw new IllegalArgumentException(
                        "token id: found %d, expected 0 to %d".formatted(id, vocabSize - 1));
            }
            return new int[] {id};
        }
        Tokenizer known =
                tokenizer.orElseThrow(() ->
                        new IllegalArgumentException(
                                "'"
                                        + text
                                        + "': this model has no tokenizer, so it knows no words;"
                                        + " name tokens by their ids, such as #12"));
        return exact ? known.encode(text) : word(known);
    }

    private int[] word(Tokenizer tokenizer) {
        for (String spelling : List.of(" " + text, text)) {
            int[] ids = tokenizer.encode(spelling);
            if (ids.length == 1 && tokenizer.decode(ids).strip().equals(text)) {
                return ids;
            }
        }
        return tokenizer.encode(" " + text);
    }
}
