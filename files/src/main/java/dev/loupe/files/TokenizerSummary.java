package dev.loupe.files;

import com.fasterxml.jackson.databind.JsonNode;

import dev.loupe.tokens.Tokenizer;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What the tokenizer of a model is, read from its files without loading the weights.
 *
 * @param kind how it makes tokens: {@code byte-level BPE}, {@code SentencePiece BPE} or {@code BPE
 *     of characters}
 * @param preTokenizer how it cuts text first: {@code tokenizer.ggml.pre}, or the steps of
 *     tokenizer.json with a plus between them; {@code none} where text is not cut
 * @param tokenizer the tokenizer
 * @param endOfGeneration tokens after which the model has nothing more to say, as {@link
 *     LocalModel} has them
 */
public record TokenizerSummary(
        String kind, String preTokenizer, Tokenizer tokenizer, Set<Integer> endOfGeneration) {
    private static final String NOT_CUT = "none";

    /**
     * Reads the tokenizer of a model; empty if it has none.
     *
     * @param summary of the same model
     * @throws ModelFileException if it is broken, or of a kind that Loupe does not know
     */
    public static Optional<TokenizerSummary> of(ModelSummary summary) {
        Path path = summary.path();
        if (Files.isDirectory(path)) {
            return Files.exists(path.resolve("tokenizer.json"))
                    ? Optional.of(folder(path, summary.config().vocabSize()))
                    : Optional.empty();
        }
        try (Gguf gguf = Gguf.open(path)) {
            return GgufTokenizer.present(gguf.metadata())
                    ? Optional.of(gguf(gguf.metadata()))
                    : Optional.empty();
        }
    }

    private static TokenizerSummary gguf(Metadata metadata) {
        Tokenizer tokenizer = GgufTokenizer.read(metadata);
        String model = metadata.string(GgufTokenizer.PREFIX + "model").orElse("");
        String kind =
                switch (model) {
                    case "gpt2" -> "byte-level BPE";
                    case "llama" -> "SentencePiece BPE";
                    default -> "BPE of characters";
                };
        // the others have a key `pre` too, and do not look at it
        String pre = model.equals("gpt2") ? GgufTokenizer.PREFIX + "pre" : "";
        return new TokenizerSummary(
                kind, metadata.string(pre).orElse(NOT_CUT), tokenizer, tokenizer.endOfGeneration());
    }

    private static TokenizerSummary folder(Path path, int vocabSize) {
        TokenizerJson json = new TokenizerJson(path, 0);
        Tokenizer tokenizer = json.tokenizer(path);
        List<String> steps = new ArrayList<>();
        name(json.file.rest.path("pre_tokenizer"), steps);
        return new TokenizerSummary(
                new TokenizerJsonSteps(json.file).byteLevel
                        ? "byte-level BPE"
                        : "BPE of characters",
                steps.isEmpty() ? NOT_CUT : String.join(" + ", steps),
                tokenizer,
                LocalModel.endOfGeneration(path, Optional.of(tokenizer), vocabSize));
    }

    private static void name(JsonNode step, List<String> names) {
        if (step.path("type").asText().equals("Sequence")) {
            step.path("pretokenizers").forEach(each -> name(each, names));
        } else if (step.path("type").isTextual()) {
            names.add(step.path("type").asText());
        }
    }
}
