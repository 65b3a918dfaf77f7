package dev.loupe.files;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loupe.tokens.Tokenizer;

import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** llama.cpp's own vocabularies and the ids that it expects. */
class LlamaVocabularyTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "command-r",
                "deepseek-coder",
                "deepseek-llm",
                "falcon",
                "gemma-4",
                "gpt-2",
                "llama-bpe",
                "llama-spm",
                "mpt",
                "phi-3",
                "qwen2",
                "qwen35",
                "refact",
                "starcoder"
            })
    void givesTheIdsThatLlamaCppExpects(String name) throws IOException {
        Path file = vocabularies().resolve("ggml-vocab-" + name + ".gguf");
        Tokenizer tokenizer = read(file);
        String[] texts =
                Files.readString(Path.of(file + ".inp")).split("\n__ggml_vocab_test__\n", -1);
        List<String> expected = Files.readAllLines(Path.of(file + ".out"));
        assertThat(expected.size()).isGreaterThan(40).isLessThanOrEqualTo(texts.length);
        SoftAssertions softly = new SoftAssertions();
        for (int i = 0; i < expected.size(); i++) {
            int[] ids =
                    Arrays.stream(expected.get(i).trim().split(" +"))
                            .filter(id -> !id.isEmpty())
                            .mapToInt(Integer::parseInt)
                            .toArray();
            int[] found = tokenizer.encode(texts[i]);
            softly.assertThat(found).as("case %d: '%s'", i, texts[i]).isEqualTo(ids);
            softly.assertThat(tokenizer.decode(found)).isEqualTo(texts[i]);
        }
        softly.assertAll();
    }

    @Test
    void refusesWhatIsNoBytePairEncoding() {
        for (String name : List.of("bert-bge", "nomic-bert-moe")) {
            Path file = vocabularies().resolve("ggml-vocab-" + name + ".gguf");
            assertThat(
                            org.junit.jupiter.api.Assertions.assertThrows(
                                    ModelFileException.class, () -> read(file)))
                    .hasMessageContaining("tokenizer.ggml.model");
        }
    }

    private static Tokenizer read(Path file) {
        try (Gguf gguf = Gguf.open(file)) {
            return GgufTokenizer.read(gguf.metadata());
        }
    }

    static Path vocabularies() {
        return Outside.named("LOUPE_LLAMA_VOCABS");
    }
}
