package dev.loupe.app;

import dev.loupe.files.LocalModel;
import dev.loupe.tokens.Tokenizer;

import org.jspecify.annotations.Nullable;

/** Tokens for people, of a model that may have no tokenizer. */
final class TokenNames {
    private final @Nullable Tokenizer tokenizer;

    TokenNames(LocalModel model) {
        tokenizer = model.tokenizer().orElse(null);
    }

    /** The text of a token, or null where there is none. */
    @Nullable String of(int id) {
        return tokenizer == null || id >= tokenizer.vocabSize() ? null : tokenizer.text(id);
    }

    /** The text in quotes, fit for a terminal; without one, {@code #id}. */
    String quoted(int id) {
        String text = of(id);
        return text == null ? "#" + id : Quoted.text(text);
    }
}
