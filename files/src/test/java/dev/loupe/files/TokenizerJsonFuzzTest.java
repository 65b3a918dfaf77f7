package dev.loupe.files;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;

import dev.loupe.tokens.EncodeOptions;
import dev.loupe.tokens.Tokenizer;

import org.junit.jupiter.api.Tag;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

@Tag("fuzz")
class TokenizerJsonFuzzTest {
    @FuzzTest(maxDuration = "20s")
    void eitherReadsOrRefusesInOneLine(@NotNull String json, @NotNull String text)
            throws IOException {
        Path folder = Files.createTempDirectory("tokenizer");
        Path file = folder.resolve("tokenizer.json");
        try {
            Files.writeString(file, json.replaceAll("[\\ud800-\\udfff]", "?"));
            Tokenizer tokenizer = TokenizerJson.read(folder);
            int[] ids = tokenizer.encode(text, new EncodeOptions(true, true)).ids();
            if (tokenizer.decode(ids).isEmpty() && ids.length > 2 * text.length() * 4 + 64) {
                throw new IllegalStateException(ids.length + " tokens of nothing");
            }
        } catch (ModelFileException refused) {
            if (String.valueOf(refused.getMessage()).contains("\n")) {
                throw new IllegalStateException("more than one line", refused);
            }
        } finally {
            Files.deleteIfExists(file);
            Files.deleteIfExists(folder);
        }
    }
}
