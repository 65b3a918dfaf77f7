package dev.loupe.app;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;

class ConvertTest {
    private final PrintStream realErr = System.err;
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    @TempDir private Path folder = Path.of("");

    @BeforeEach
    void listen() {
        System.setErr(new PrintStream(err, true, UTF_8));
    }

    @AfterEach
    void restore() {
        System.setErr(realErr);
    }

    private String refusal(int code, Object... arguments) {
        String[] line = new String[arguments.length + 1];
        line[0] = "convert";
        for (int i = 0; i < arguments.length; i++) {
            line[i + 1] = arguments[i].toString();
        }
        err.reset();
        assertThat(Main.execute(line)).isEqualTo(code);
        assertThat(err.toString(UTF_8)).hasLineCount(1).startsWith("loupe: ");
        return err.toString(UTF_8);
    }

    @Test
    void whatIsThereIsNotReplacedUnasked() throws IOException {
        Path model = Files.createDirectory(folder.resolve("model"));
        Files.writeString(model.resolve("config.json"), "{}");
        Path file = Files.writeString(folder.resolve("old.gguf"), "GGUF, mine");
        assertThat(refusal(1, model, file)).contains("old.gguf exists; --force replaces");
        assertThat(refusal(1, file, model)).contains("model exists; --force replaces");
        assertThat(refusal(1, file, file, "--force")).contains("are the same");
        assertThat(refusal(1, model, folder, "--force")).contains("name the .gguf file");
        assertThat(refusal(1, model, file, "--force")).contains("config.json: model_type");
        assertThat(file).hasContent("GGUF, mine");
    }

    @Test
    void aFolderHasNoQuantisedTypes() throws IOException {
        Path file = Files.writeString(folder.resolve("old.gguf"), "GGUF");
        assertThat(refusal(2, file, folder.resolve("new"), "--type", "Q8_0"))
                .contains("--type: found Q8_0, expected F32, F16 or BF16");
    }
}
