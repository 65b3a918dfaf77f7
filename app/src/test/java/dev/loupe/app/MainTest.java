package dev.loupe.app;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;

class MainTest {
    private final PrintStream realOut = System.out;
    private final PrintStream realErr = System.err;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @BeforeEach
    void listen() {
        System.setOut(new PrintStream(out, false, UTF_8));
        System.setErr(new PrintStream(err, true, UTF_8));
    }

    @AfterEach
    void restore() {
        System.setOut(realOut);
        System.setErr(realErr);
    }

    @ParameterizedTest
    @ValueSource(strings = {"nonsense", "list --nonsense", "pull", "pull a b", "rm"})
    void wrongUsageEndsWithTwoAndNamesTheHelp(String line) {
        assertThat(Main.execute(line.split(" "))).isEqualTo(2);
        assertThat(out.size()).isZero();
        assertThat(err.toString(UTF_8)).startsWith("loupe: ").contains("--help");
    }

    @Test
    void failureEndsWithOneAndOneLine() {
        assertThat(Main.execute("pull", "--offline", "gpt2")).isEqualTo(1);
        assertThat(out.size()).isZero();
        assertThat(err.toString(UTF_8)).startsWith("loupe: pull").hasLineCount(1);
    }

    @Test
    void debugShowsWhereAnErrorWasThrown() {
        assertThat(Main.execute("pull", "--debug", "--offline", "gpt2")).isEqualTo(1);
        assertThat(err.toString(UTF_8)).contains("\tat dev.loupe.files.store.ModelStore.pull");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "-h", "pull --help", "list -h"})
    void helpGoesToStdout(String line) {
        assertThat(Main.execute(line.split(" "))).isZero();
        assertThat(out.toString(UTF_8)).startsWith("Usage: loupe");
        assertThat(err.size()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"--version", "-V", "pull --version", "generate -V"})
    void theVersionGoesToStdout(String line) {
        assertThat(Main.execute(line.split(" "))).isZero();
        assertThat(out.toString(UTF_8)).startsWith("loupe ").hasLineCount(1);
        assertThat(err.size()).isZero();
    }

    @Test
    void withoutACommandItShowsTheHelp() {
        assertThat(Main.execute()).isZero();
        assertThat(out.toString(UTF_8)).contains("pull", "list", "rm");
    }
}
