package dev.loupe.files;

import dev.loupe.tokens.BpeVocabulary;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A vocabulary that was learned here, as tokenizer.json and tokenizer_config.json. */
public final class BpeFiles {
    /** As GGUF numbers them. */
    private static final long NORMAL = 1;

    private static final long CONTROL = 3;

    private BpeFiles() {}

    /**
     * Writes the two files into a folder, each whole or not at all.
     *
     * @param nCtx how many tokens the model reads
     */
    public static void write(BpeVocabulary vocabulary, int nCtx, Path folder) {
        Map<String, Object> keys = new LinkedHashMap<>();
        List<String> tokens = vocabulary.tokens();
        keys.put(GgufTokenizer.PREFIX + "model", "gpt2");
        keys.put(GgufTokenizer.PREFIX + "pre", "gpt-2");
        keys.put(GgufTokenizer.PREFIX + "tokens", tokens);
        keys.put(
                GgufTokenizer.PREFIX + "token_type",
                tokens.stream()
                        .mapToLong(t -> vocabulary.special().contains(t) ? CONTROL : NORMAL)
                        .toArray());
        List<String> merges = new ArrayList<>();
        for (int i = 0; i + 1 < vocabulary.merges().size(); i += 2) {
            merges.add(vocabulary.merges().get(i) + " " + vocabulary.merges().get(i + 1));
        }
        keys.put(GgufTokenizer.PREFIX + "merges", merges);
        if (!vocabulary.special().isEmpty()) {
            long end = tokens.indexOf(vocabulary.special().getFirst());
            keys.put(GgufTokenizer.PREFIX + "bos_token_id", end);
            keys.put(GgufTokenizer.PREFIX + "eos_token_id", end);
            keys.put(GgufTokenizer.PREFIX + "add_bos_token", false);
        }
        Metadata metadata = new Metadata(folder.resolve("tokenizer.json"), keys);
        TokenizerFiles.write(metadata, GgufTokenizer.read(metadata), nCtx, folder);
    }
}
