package dev.loupe.app;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Runs that end in the middle of something; {@code bench/kills} does it a hundred times. */
@Timeout(300)
class KilledRunTest {
    private static final int STEPS = 160;

    @TempDir private Path folder;

    private Path text;

    @BeforeEach
    void writeText() throws IOException {
        text = folder.resolve("text.txt");
        Files.writeString(text, "the quick brown fox jumps over the lazy dog. ".repeat(60));
    }

    private List<String> begin(Path out) {
        String options =
                "--style llama --layers 1 --heads 2 --width 32 --context 16 --batch 2 --tokenizer"
                        + " characters --eval-windows 4 --eval-every 50 --checkpoint-every 1"
                        + " --steps "
                        + STEPS;
        List<String> args =
                new ArrayList<>(List.of("train", text.toString(), "-o", out.toString()));
        args.addAll(List.of(options.split(" ")));
        return args;
    }

    private static List<String> resume(Path out) {
        return List.of("train", "--resume", "-o", out.toString());
    }

    private Process start(List<String> before, List<String> args) throws IOException {
        List<String> command = new ArrayList<>(before);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("--add-modules=jdk.incubator.vector");
        command.add("-cp");
        command.add(
                System.getProperty(
                        "surefire.test.class.path", System.getProperty("java.class.path")));
        command.add("dev.loupe.app.Main");
        command.addAll(args);
        return new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(folder.resolve("stderr").toFile())
                .start();
    }

    private static int code(Process process) throws InterruptedException {
        assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
        return process.exitValue();
    }

    @Test
    void aRunThatIsKilledAgainAndAgainEndsWithTheSameBytes() throws Exception {
        Path straight = folder.resolve("straight");
        assertThat(Run.of(begin(straight).toArray(String[]::new)).code()).isZero();
        Path killed = folder.resolve("killed");
        Random random = new Random(1);
        int kills = 0;
        while (kills < 3) {
            boolean begun = Files.exists(killed.resolve("run.json"));
            Process process = start(List.of(), begun ? resume(killed) : begin(killed));
            List<String> before = checkpoints(killed);
            while (process.isAlive() && checkpoints(killed).equals(before)) {
                Thread.sleep(5);
            }
            Thread.sleep(random.nextInt(200));
            if (!process.isAlive()) {
                assertThat(process.exitValue()).as(this::stderr).isZero();
                break;
            }
            process.destroyForcibly().waitFor();
            kills++;
        }
        Run last = Run.of(resume(killed).toArray(String[]::new));
        assertThat(last.code()).as(last.err()).isZero();
        assertThat(kills).as("kills").isPositive();
        assertThat(Files.readAllBytes(killed.resolve("model.safetensors")))
                .isEqualTo(Files.readAllBytes(straight.resolve("model.safetensors")));
        assertThat(
                        Files.readAllLines(killed.resolve("metrics.csv")).stream()
                                .skip(1)
                                .map(row -> Integer.parseInt(row.split(",", 2)[0])))
                .containsExactlyElementsOf(IntStream.rangeClosed(1, STEPS).boxed().toList());
    }

    private static List<String> checkpoints(Path run) throws IOException {
        Path folder = run.resolve("checkpoints");
        if (Files.notExists(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(Path::toString)
                    .filter(name -> name.endsWith(".checkpoint"))
                    .sorted()
                    .toList();
        }
    }

    private String stderr() {
        try {
            return Files.readString(folder.resolve("stderr"), UTF_8);
        } catch (IOException e) {
            return e.toString();
        }
    }

    @Test
    void aFullDiskIsAnErrorOfOneLineAndTheLastCheckpointIsIntact() throws Exception {
        Path out = folder.resolve("full");
        List<String> few = new ArrayList<>(begin(out));
        few.set(few.indexOf("--checkpoint-every") + 1, "50");
        assertThat(Run.of(few.toArray(String[]::new)).code()).isZero();
        byte[] whole = Files.readAllBytes(out.resolve("model.safetensors"));
        Path checkpoints = out.resolve("checkpoints");
        // as if it had been killed after step 150
        Files.delete(checkpoints.resolve("step-00000160.checkpoint"));
        long blocks = Files.size(checkpoints.resolve("step-00000150.checkpoint")) / 1024 / 2;
        List<String> limited =
                List.of("bash", "-c", "ulimit -f " + blocks + "; exec \"$@\"", "limited");
        Process process = start(limited, resume(out));
        assertThat(code(process)).as(this::stderr).isEqualTo(1);
        assertThat(stderr().lines().filter(line -> line.startsWith("loupe:")))
                .singleElement()
                .asString()
                .contains("step-00000160.checkpoint", "cannot be written", "is intact");
        Run again = Run.of(resume(out).toArray(String[]::new));
        assertThat(again.out()).contains("going on from step 150");
        assertThat(Files.readAllBytes(out.resolve("model.safetensors"))).isEqualTo(whole);
    }
}
