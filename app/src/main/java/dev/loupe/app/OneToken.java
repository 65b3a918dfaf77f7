package dev.loupe.app;

import dev.loupe.files.LocalModel;
import dev.loupe.inside.TokenName;
import dev.loupe.tokens.Tokenizer;

import java.util.Arrays;
import java.util.stream.Collectors;

/** A token that a person names: by its text, or as {@code #ID}. */
final class OneToken {
    private OneToken() {}

    /**
     * The token of exactly this text.
     *
     * @param source of the text, for errors
     * @throws UserException if it is no token, or several
     */
    static int of(LocalModel model, String source, String text) {
        int[] ids = ids(model, new TokenName(text, true));
        if (ids.length != 1) {
            throw new UserException(
                    source
                            + ": '"
                            + text
                            + "' is "
                            + (ids.length == 0 ? "no token" : several(model, ids))
                            + "; give one token, with its leading space if it has one, or #ID");
        }
        return ids[0];
    }

    /**
     * The token of a word, or of what is in quotes.
     *
     * @param source of the text, for errors
     * @throws UserException if it is no token, or several
     */
    static int of(LocalModel model, String source, TokenName name) {
        if (name.exact()) {
            return of(model, source, name.text());
        }
        int[] ids = ids(model, name);
        if (ids.length != 1) {
            throw new UserException(
                    source
                            + ": '"
                            + name.text()
                            + "' is no single token of this model, but "
                            + several(model, ids)
                            + "; only tokens have vectors");
        }
        return ids[0];
    }

    private static int[] ids(LocalModel model, TokenName name) {
        try {
            return name.ids(model.tokenizer(), model.gpt().config().vocabSize());
        } catch (IllegalArgumentException e) {
            throw new UserException(String.valueOf(e.getMessage()));
        }
    }

    private static String several(LocalModel model, int[] ids) {
        Tokenizer tokenizer = ModelOptions.tokenizer(model);
        return ids.length
                + " tokens ("
                + Arrays.stream(ids)
                        .mapToObj(id -> Quoted.text(tokenizer.text(id)))
                        .limit(8)
                        .collect(Collectors.joining(" "))
                + ")";
    }
}
