package dev.loupe.app;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** {@code loupe train} and {@code loupe train-tokenizer}, as a user runs them. */
class TrainTest {
    private static final String[] SMALL = {
        "--style",
        "llama",
        "--layers",
        "1",
        "--heads",
        "2",
        "--width",
        "16",
        "--context",
        "16",
        "--batch",
        "2",
        "--tokenizer",
        "characters",
        "--eval-windows",
        "4",
        "-t",
        "2"
    };

    @TempDir private Path folder;

    @Test
    void textBecomesAModelThatGenerates() throws IOException {
        String out = folder.resolve("run").toString();
        Run run = train("-o", out, "--steps", "20", "--eval-every", "10", "--sample-every", "20");
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        assertThat(run.out())
                .contains("step 10 of 20: loss ", "step 20 of 20: loss ", "sample at step 20")
                .contains("done: ");
        Run generated = Run.of("generate", "-m", out, "-n", "5", "--json", "the ");
        assertThat(generated.code()).isZero();
        assertThat(generated.json().path("ids")).hasSize(5);
        assertThat(Files.readString(folder.resolve("run/samples.txt"))).contains("step 20");
    }

    @Test
    void aRunThatWasResumedIsTheRunThatWasNot() throws IOException {
        String straight = folder.resolve("a").toString();
        assertThat(train("-o", straight, "--steps", "12", "--json").code()).isZero();
        String stopped = folder.resolve("b").toString();
        assertThat(train("-o", stopped, "--steps", "12", "--checkpoint-every", "5").code())
                .isZero();
        // as if it had been killed after step 10
        Files.delete(folder.resolve("b/checkpoints/step-00000012.checkpoint"));
        Files.delete(folder.resolve("b/model.safetensors"));
        Run resumed = Run.of("train", "--resume", "-o", stopped, "-t", "1");
        assertThat(resumed.out()).contains("going on from step 10");
        assertThat(Files.readAllLines(folder.resolve("b/metrics.csv")))
                .as("a header, and each step once")
                .hasSize(13);
        assertThat(Files.readAllBytes(folder.resolve("b/model.safetensors")))
                .isEqualTo(Files.readAllBytes(folder.resolve("a/model.safetensors")));
    }

    @Test
    void whatARunShowsIsInItsFolder() throws IOException {
        Path out = folder.resolve("shown");
        Run run = train("-o", out.toString(), "--steps", "20", "--eval-every", "10");
        assertThat(run.out()).contains("MFU", "training loss, at last", "o validation loss");
        assertThat(Files.readString(out.resolve("curve.svg"))).contains("validation ");
        Run curve = Run.of("train", "--curve", "-o", out.toString());
        assertThat(curve.code()).isZero();
        assertThat(run.out()).contains(curve.out());
        Run points = Run.of("train", "--curve", "-o", out.toString(), "--json");
        assertThat(points.jsonLines()).hasSize(20);
        assertThat(points.jsonLines().getLast().path("val_loss").asDouble()).isPositive();
        Run none = Run.of("train", "--curve", "-o", folder.toString());
        assertThat(none.code()).isEqualTo(1);
        assertThat(none.err()).contains("is not the folder of a run");
    }

    @Test
    void withJsonEachLineIsAnObject() throws IOException {
        String out = folder.resolve("json").toString();
        Run run = train("-o", out, "--steps", "10", "--eval-every", "5", "--json");
        assertThat(run.jsonLines()).hasSize(2);
        assertThat(run.jsonLines().getLast().path("step").asInt()).isEqualTo(10);
        assertThat(run.jsonLines().getLast().path("mfu").asDouble()).isPositive();
        Run dry = train("-o", folder.resolve("dry").toString(), "--dry-run", "--json");
        assertThat(dry.json().path("memory_bytes").asLong()).isGreaterThan(100_000_000);
    }

    @Test
    void aTextWithoutAnEndOfItsOwnHasNoEndToken() throws IOException {
        String out = folder.resolve("no-end").toString();
        assertThat(train("-o", out, "--steps", "1").code()).isZero();
        assertThat(Files.readString(folder.resolve("no-end/config.json")).replace(" ", ""))
                .contains("\"bos_token_id\":null", "\"eos_token_id\":null");
    }

    @Test
    void smallFilesAndAnAverageAreAskedFor() throws IOException {
        String exact = folder.resolve("exact").toString();
        String brief = folder.resolve("brief").toString();
        assertThat(train("-o", exact, "--steps", "10").code()).isZero();
        Run run =
                train(
                        "-o",
                        brief,
                        "--steps",
                        "10",
                        "--checkpoint-type",
                        "bf16",
                        "--average",
                        "0.5");
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        assertThat(Files.size(folder.resolve("brief/model.safetensors")))
                .isLessThan(Files.size(folder.resolve("exact/model.safetensors")) * 2 / 3);
        assertThat(Run.of("generate", "-m", brief, "-n", "3", "the ").code()).isZero();
    }

    @Test
    void aDryRunLeavesNoRun() throws IOException {
        Path out = folder.resolve("dry");
        Run run = train("-o", out.toString(), "--steps", "1000", "--dry-run");
        assertThat(run.out()).contains("parameters", "memory: about", "time: about");
        assertThat(out.resolve("run.json")).doesNotExist();
    }

    @Test
    void whatCannotBeIsAnErrorBeforeAnythingIsWritten() throws IOException {
        String out = folder.resolve("no").toString();
        fails(2, "width 17", "-o", out, "--width", "17");
        fails(2, "batch: found 0", "-o", out, "--batch", "0");
        fails(2, "dropout: found 1.0", "-o", out, "--dropout", "1");
        fails(2, "--preset: found gpt9", "-o", out, "--preset", "gpt9");
        fails(2, "--tokenizer: found words", "-o", out, "--tokenizer", "words");
        fails(
                1,
                "tokens are not enough: a context of 5000 needs 5557",
                "-o",
                out,
                "--context",
                "5000");
        assertThat(folder.resolve("no/run.json")).doesNotExist();
        Run none = Run.of("train", "-o", out);
        assertThat(none.code()).isEqualTo(2);
        assertThat(none.err()).contains("what shall it learn from");
        Run nowhere = Run.of("train", "--resume", "-o", folder.resolve("nowhere").toString());
        assertThat(nowhere.code()).isEqualTo(1);
        assertThat(nowhere.err()).contains("is not the folder of a run");
    }

    @Test
    void textThatTeachesTooLittleIsSaid() throws IOException {
        Path empty = Files.createFile(folder.resolve("empty.txt"));
        String out = folder.resolve("little").toString();
        Run nothing = Run.of("train", empty.toString(), "-o", out, "--preset", "nanogpt-cpu");
        assertThat(nothing.code()).isEqualTo(1);
        assertThat(nothing.err()).contains("empty.txt: is empty; a context of 64 needs");
        Path lines = folder.resolve("lines.jsonl");
        String good = "{\"text\": \"the quick brown fox jumps\"}\n";
        Files.writeString(lines, good.repeat(40) + "{\"text\": broken\n" + good.repeat(40));
        String[] args = {
            "train", lines.toString(), "-o", out, "--context", "8", "--batch", "2", "--steps", "1"
        };
        Run broken = Run.of(args);
        assertThat(broken.code()).isEqualTo(1);
        assertThat(broken.err()).contains("line 41 is no JSON", "--skip-bad");
        Run skipping = Run.of(Run.args(String.join(" ", args), "--skip-bad"));
        assertThat(skipping.code()).isZero();
        assertThat(skipping.err())
                .contains("passed over 1 lines")
                .containsPattern("the text teaches \\d+ tokens, not 4096");
    }

    @Test
    void aRunWhoseCheckpointsAreAllDamagedDoesNotBeginAgainBySilence() throws IOException {
        String out = folder.resolve("damaged").toString();
        assertThat(train("-o", out, "--steps", "2", "--checkpoint-every", "2").code()).isZero();
        Path only = folder.resolve("damaged/checkpoints/step-00000002.checkpoint");
        byte[] bytes = Files.readAllBytes(only);
        bytes[bytes.length / 2] ^= 1;
        Files.write(only, bytes);
        Run run = Run.of("train", "--resume", "-o", out);
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("is damaged", "no checkpoint can be used");
    }

    @Test
    void aSecondRunDoesNotOverwriteTheFirst() throws IOException {
        String out = folder.resolve("run").toString();
        assertThat(train("-o", out, "--steps", "1").code()).isZero();
        fails(1, "has a run already", "-o", out, "--steps", "1");
        Run more = Run.of("train", "--resume", "-o", out, "--steps", "5");
        assertThat(more.code()).isEqualTo(2);
        assertThat(more.err()).contains("leave the rest out");
    }

    @Test
    void aVocabularyIsLearnedAndUsed() throws IOException {
        Path text = text();
        Path out = folder.resolve("tokenizer");
        Run run =
                Run.of(
                        "train-tokenizer",
                        text.toString(),
                        "--vocab-size",
                        "300",
                        "--json",
                        "-o",
                        out.toString());
        assertThat(run.code()).isZero();
        assertThat(run.json().path("tokens").asInt()).isBetween(258, 300);
        Run tokens = Run.of("tokenize", "-m", out.toString(), "--json", "the quick");
        assertThat(tokens.json().path("ids").size()).isLessThan("the quick".length());
        String model = folder.resolve("model").toString();
        Run trained = train("--tokenizer", out.toString(), "--steps", "2", "-o", model);
        assertThat(trained.code()).isZero();
        assertThat(Files.readAllBytes(folder.resolve("model/tokenizer.json")))
                .isEqualTo(Files.readAllBytes(out.resolve("tokenizer.json")));
        // the settings beside it may be missing
        Files.delete(out.resolve("tokenizer_config.json"));
        String other = folder.resolve("other").toString();
        assertThat(train("--tokenizer", out.toString(), "--steps", "2", "-o", other).code())
                .isZero();
    }

    private void fails(int code, String says, String... args) throws IOException {
        Run run = train(args);
        assertThat(run.err()).startsWith("loupe: ").contains(says);
        assertThat(run.code()).isEqualTo(code);
        assertThat(run.out()).isEmpty();
    }

    private Run train(String... args) throws IOException {
        List<String> all = new ArrayList<>(List.of("train", text().toString()));
        List<String> given = List.of(args);
        for (int i = 0; i < SMALL.length; i += 2) {
            if (!given.contains(SMALL[i])) {
                all.add(SMALL[i]);
                all.add(SMALL[i + 1]);
            }
        }
        all.addAll(given);
        return Run.of(all.toArray(String[]::new));
    }

    private Path text() throws IOException {
        Path text = folder.resolve("text.txt");
        Files.writeString(text, "the quick brown fox jumps over the lazy dog. ".repeat(60));
        return text;
    }
}
