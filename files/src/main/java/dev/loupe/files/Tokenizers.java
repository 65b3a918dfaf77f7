package dev.loupe.files;

import dev.loupe.tokens.Tokenizer;

import java.nio.file.Files;
import java.nio.file.Path;

/** Opens the tokenizer of a model without its weights. */
public final class Tokenizers {
    private Tokenizers() {}

    /**
     * Reads a tokenizer.
     *
     * @param model a GGUF file, or a folder with {@code tokenizer.json}
     * @throws ModelFileException if there is no tokenizer, or one that Loupe does not know
     */
    public static Tokenizer open(Path model) {
        if (AdapterFolder.present(model)) {
            return open(AdapterFolder.base(model));
        }
        if (Files.isDirectory(model)) {
            return TokenizerJson.read(model);
        }
        try (Gguf gguf = Gguf.open(model)) {
            return GgufTokenizer.read(gguf.metadata());
        }
    }
}
