package dev.loupe.files;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import dev.loupe.tokens.EncodeOptions;
import dev.loupe.tokens.Encoding;
import dev.loupe.tokens.Tokenizer;

import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Small tokenizers of each family beside the Python package {@code tokenizers}; made by
 * src/test/python/make_tokenizer_fixtures.py. With LOUPE_TOKENIZER_CASES the cases are read from
 * another folder that the script has filled, with more of them.
 */
class TokenizerJsonTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gpt2",
                "gpt2-prefix-space",
                "smollm",
                "llama3",
                "qwen2",
                "qwen35",
                "neox",
                "llama-prepend",
                "mistral-metaspace",
                "metaspace-split",
                "gemma"
            })
    void givesTheIdsThatPythonGives(String family) throws IOException {
        String other = System.getenv("LOUPE_TOKENIZER_CASES");
        Path folder =
                (other != null ? Path.of(other) : Path.of("src/test/resources/tokenizers"))
                        .resolve(family);
        check(TokenizerJson.read(folder), folder);
    }

    @Test
    void smolLm2FromGgufGivesTheIdsThatPythonGives() throws IOException {
        Path folder = Path.of("src/test/resources/tokenizers/smollm2-gguf");
        String other = System.getenv("LOUPE_SMOLLM2_CASES");
        try (Gguf gguf = Gguf.open(Outside.realModel())) {
            check(GgufTokenizer.read(gguf.metadata()), other != null ? Path.of(other) : folder);
        }
    }

    private static void check(Tokenizer tokenizer, Path folder) throws IOException {
        SoftAssertions softly = new SoftAssertions();
        List<String> lines = Files.readAllLines(folder.resolve("cases.jsonl"));
        assertThat(lines).hasSizeGreaterThanOrEqualTo(20);
        int wrong = 0;
        for (String line : lines) {
            JsonNode item = JSON.readTree(line);
            String text = item.get("text").asText();
            Encoding plain = tokenizer.encode(text, EncodeOptions.PLAIN);
            Encoding special = tokenizer.encode(text, new EncodeOptions(true, true));
            int[] expectedPlain = JSON.convertValue(item.get("plain"), int[].class);
            int[] expectedSpecial = JSON.convertValue(item.get("special"), int[].class);
            softly.assertThat(plain.ids()).as("plain %s", line).isEqualTo(expectedPlain);
            softly.assertThat(special.ids()).as("special %s", line).isEqualTo(expectedSpecial);
            softly.assertThat(tokenizer.decode(plain.ids()))
                    .as("back %s", line)
                    .isEqualTo(item.get("back").asText());
            checkPlaces(softly, plain, text);
            if (softly.errorsCollected().size() > wrong && ++wrong > 5) {
                break;
            }
        }
        softly.assertAll();
    }

    private static void checkPlaces(SoftAssertions softly, Encoding encoding, String text) {
        for (int i = 0; i < encoding.ids().length; i++) {
            softly.assertThat(encoding.starts()[i])
                    .isBetween(i == 0 ? 0 : encoding.starts()[i - 1], encoding.ends()[i]);
            softly.assertThat(encoding.ends()[i]).isLessThanOrEqualTo(text.length());
        }
    }
}
