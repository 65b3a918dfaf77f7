package dev.loupe.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** The example that the README shows is one that compiles and runs. */
class LibraryExampleTest {
    private static final Path SOURCE = Path.of("src/test/java/dev/loupe/app/LibraryExample.java");

    @Test
    void itContinuesWithParis() {
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        ByteArrayOutputStream distributions = new ByteArrayOutputStream();
        String model = realModel();
        try {
            System.setOut(new PrintStream(text, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(distributions, true, StandardCharsets.UTF_8));
            LibraryExample.main(new String[] {model});
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
        assertThat(text.toString(StandardCharsets.UTF_8)).startsWith(" Paris.");
        assertThat(distributions.toString(StandardCharsets.UTF_8).lines())
                .isNotEmpty()
                .allMatch(line -> line.contains("probability="));
    }

    @Test
    void theReadmeShowsItWordForWord() throws IOException {
        Path readme = Path.of("../README.md");
        String marked = marked(Files.readString(SOURCE));
        assertThat(Files.readString(readme)).contains("```java\n" + marked + "```");
    }

    private static String marked(String source) {
        String begin = "// README: begin\n";
        int from = source.indexOf(begin) + begin.length();
        int to = source.indexOf("// README: end");
        assertThat(to).isGreaterThan(from);
        return source.substring(from, to).stripIndent();
    }

    private static String realModel() {
        Path cached =
                Path.of(
                        System.getProperty("user.home"),
                        ".cache/loupe-test/SmolLM2-135M-Instruct.Q4_1.gguf");
        String model = System.getenv().getOrDefault("LOUPE_TEST_MODEL", cached.toString());
        if (Files.notExists(Path.of(model))) {
            String message = "SKIPPED: no model at " + model + "; set LOUPE_TEST_MODEL";
            System.err.println(message);
            assertThat(System.getenv("CI")).as(message).isNotEqualTo("true");
            abort(message);
        }
        return model;
    }
}
