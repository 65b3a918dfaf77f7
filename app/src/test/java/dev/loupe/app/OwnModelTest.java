package dev.loupe.app;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;

import dev.loupe.files.Converter;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Commands without {@code -m}, of a Loupe that a model came with, for someone who has no other. */
@Timeout(120)
class OwnModelTest {
    private static final String SAYS = "loupe: the model is loupe-story";

    @TempDir private static Path program;
    @TempDir private Path home;

    private static Path model = Path.of("");
    private static Path other = Path.of("");

    /** The classes of this build in a folder of their own, with a small model beside them. */
    @BeforeAll
    static void install() throws IOException {
        Path classes = Path.of("target/classes").toAbsolutePath();
        try (Stream<Path> files = Files.walk(classes)) {
            for (Path file : files.toList()) {
                Files.copy(file, program.resolve("classes").resolve(classes.relativize(file)));
            }
        }
        Path tiny = TinyModel.write(program.resolve("tiny"));
        model = Files.createDirectory(program.resolve("models")).resolve("loupe-story.gguf");
        Converter.toGguf(tiny, model, Optional.empty(), 1, (index, count, tensor) -> {});
        other = Files.copy(model, program.resolve("other.gguf"));
    }

    @BeforeEach
    void noModelIsInstalled() {
        assertThat(home).isEmptyDirectory();
    }

    private Run loupe(String... args) throws Exception {
        return with(program.resolve("classes"), args);
    }

    /** A process for a command, which takes Loupe's classes from there. */
    private ProcessBuilder process(Path classes, String... args) {
        String all =
                System.getProperty(
                        "surefire.test.class.path", System.getProperty("java.class.path"));
        Path built = Path.of("target/classes").toAbsolutePath();
        String path =
                Arrays.stream(all.split(File.pathSeparator))
                        .map(each ->
                                Path.of(each).toAbsolutePath().equals(built)
                                        ? classes.toString()
                                        : each)
                        .collect(Collectors.joining(File.pathSeparator));
        assertThat(path).contains(classes.toString());
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("--add-modules=jdk.incubator.vector", "-cp", path));
        command.add("dev.loupe.app.Main");
        command.addAll(List.of(args));
        ProcessBuilder builder = new ProcessBuilder(command);
        Map<String, String> environment = builder.environment();
        environment.remove("LOUPE_HOME");
        environment.remove("XDG_DATA_HOME");
        environment.put("HOME", home.toString());
        return builder;
    }

    private Run with(Path classes, String... args) throws Exception {
        Path err = program.resolve("stderr");
        Process process = process(classes, args).redirectError(err.toFile()).start();
        String out = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        String said =
                Files.readString(err)
                        .lines()
                        .filter(line -> line.startsWith("loupe:"))
                        .collect(Collectors.joining("\n"));
        return new Run(process.exitValue(), out, said);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "generate abc -n 5",
                "next abc",
                "score --text abc",
                "tokenize abc",
                "detokenize 1,2",
                "show",
                "logits abc -o LOGITS"
            })
    void withoutAnyModelTheOneThatCameAlongSpeaksAndSaysSo(String line) throws Exception {
        String[] args = line.replace("LOGITS", home.resolve("out.npy").toString()).split(" ");
        Run own = loupe(args);
        assertThat(own.code()).as(own.err()).isZero();
        assertThat(own.err()).startsWith(SAYS).hasLineCount(1);
        List<String> named = new ArrayList<>(List.of(args));
        named.addAll(
                args[0].equals("show")
                        ? List.of(model.toString())
                        : List.of("-m", model.toString()));
        Run same = loupe(named.toArray(String[]::new));
        assertThat(own.out()).isEqualTo(same.out());
    }

    @Test
    void theExplorerBeginsWithATextThatItKnows() throws Exception {
        Process process =
                process(program.resolve("classes"), "explore", "--no-open")
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
        try (BufferedReader out = process.inputReader(UTF_8)) {
            assertThat(out.readLine()).endsWith("/#prompt=Once+upon+a+time%2C+there+was+a");
        } finally {
            process.destroy();
        }
    }

    @Test
    void theListShowsItAndSaysThatItWasNotPulled() throws Exception {
        assertThat(loupe("list").out())
                .startsWith("loupe-story  GGUF ")
                .endsWith("came with Loupe\n")
                .hasLineCount(1);
        JsonNode listed = loupe("list", "--json").json().get("models").get(0);
        assertThat(listed.get("path").textValue()).isEqualTo(model.toString());
        assertThat(listed.get("pulled").isNull()).isTrue();
    }

    @Test
    void theOneUsedLastGoesFirst() throws Exception {
        assertThat(loupe("generate", "abc", "-n", "5", "-m", other.toString()).code()).isZero();
        Run last = loupe("generate", "abc", "-n", "5", "--json");
        assertThat(last.err()).isEmpty();
        assertThat(last.json().get("model").textValue()).isEqualTo(other.toString());
    }

    @Test
    void whenTheOneUsedLastIsGoneItSpeaksAgain() throws Exception {
        Path gone = Files.copy(other, program.resolve("gone.gguf"));
        assertThat(loupe("tokenize", "abc", "-m", gone.toString()).code()).isZero();
        Files.delete(gone);
        Run own = loupe("generate", "abc", "-n", "5", "--json");
        assertThat(own.err()).startsWith(SAYS);
        assertThat(own.json().get("model").textValue()).isEqualTo(model.toString());
    }

    @Test
    void itIsNotRememberedUnlessItWasNamed() throws Exception {
        loupe("tokenize", "abc");
        assertThat(home).isEmptyDirectory();
        assertThat(loupe("tokenize", "abc", "-m", "loupe-story").err()).isEmpty();
        assertThat(loupe("tokenize", "abc").err()).isEmpty();
    }

    @Test
    void aBuildWithoutItAsksWhichModel() throws Exception {
        Path bare = Files.createDirectory(program.resolve("bare"));
        Path classes = bare.resolve("classes");
        try (Stream<Path> files = Files.walk(program.resolve("classes"))) {
            for (Path file : files.toList()) {
                Files.copy(file, classes.resolve(program.resolve("classes").relativize(file)));
            }
        }
        Run run = with(classes, "generate", "abc");
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).startsWith("loupe: which model?").hasLineCount(1);
    }
}
