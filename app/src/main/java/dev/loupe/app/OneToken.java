package dev.loupe.app;

import dev.loupe.files.LocalModel;
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
        if (text.matches("#\\d{1,9}")) {
            return PromptOptions.checked(model, new int[] {Integer.parseInt(text.substring(1))})[0];
        }
        Tokenizer tokenizer = ModelOptions.tokenizer(model);
        int[] ids = tokenizer.encode(text);
        if (ids.length != 1) {
            throw new UserException(
                    source
                            + ": '"
                            + text
                            + "' is "
                            + (ids.length == 0 ? "no token" : several(tokenizer, ids))
                            + "; give one token, with its leading space if it has one, or #ID");
        }
        return ids[0];
    }

    static String several(Tokenizer tokenizer, int[] ids) {
        return ids.length
                + " tokens ("
                + Arrays.stream(ids)
                        .mapToObj(id -> Quoted.text(tokenizer.text(id)))
                        .limit(8)
                        .collect(Collectors.joining(" "))
                + ")";
    }
}
