package dev.loupe.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loupe.files.LocalModel;
import dev.loupe.kernels.Processor;
import dev.loupe.model.Gpt;
import dev.loupe.model.Parameter;
import dev.loupe.model.Parameters;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A checkpoint is the model that the run would have written then. */
class SavedCheckpointTest {
    @TempDir private Path folder;

    /** Trains six steps and saves after every second, the model at the end. */
    private Path run(Architecture.Style style, double average, boolean brief, int kept)
            throws IOException {
        Path text = folder.resolve("text.txt");
        Files.writeString(text, "the quick brown fox jumps over the lazy dog. ".repeat(40));
        Path run = folder.resolve("run");
        Recipe recipe =
                new Recipe(
                        new Schedule(Schedule.Kind.CONSTANT, 3e-3, 3e-3, 0, 6),
                        2,
                        1,
                        0.9f,
                        0.95f,
                        0.1f,
                        1,
                        0,
                        1,
                        false,
                        average);
        Settings settings =
                new Settings(
                        List.of(text.toString()),
                        false,
                        "characters",
                        0,
                        new Architecture(style, 2, 2, 2, 16, 32, 16),
                        recipe,
                        0.1,
                        6,
                        4,
                        6,
                        "the",
                        2,
                        kept,
                        brief);
        settings.write(run);
        try (Processor processor = Processor.of(2);
                Run training = new Run(run, settings, processor, (what, done, total) -> {})) {
            while (!training.trainer().finished()) {
                training.trainer().next();
                if (training.trainer().step() % 2 == 0) {
                    training.checkpoints().save(training.trainer());
                }
            }
            training.saveModel();
        }
        return run;
    }

    private static float[][] weights(Gpt gpt) {
        return Parameters.of(gpt).stream()
                .map(Parameter::data)
                .flatMap(Arrays::stream)
                .toArray(float[][]::new);
    }

    @ParameterizedTest
    @CsvSource({"GPT2, 0", "LLAMA, 0", "GPT2, 0.9", "LLAMA, 0.9"})
    void theLastIsTheModelThatWasWritten(Architecture.Style style, double average)
            throws IOException {
        Path run = run(style, average, false, 3);
        List<SavedCheckpoint> saved = SavedCheckpoint.of(run);
        assertThat(saved).extracting(SavedCheckpoint::step).containsExactly(2L, 4L, 6L);
        List<Long> told = new ArrayList<>();
        try (LocalModel written = LocalModel.load(run, 1);
                LocalModel last = saved.getLast().load(1, (done, total) -> told.add(total - done));
                LocalModel before = saved.getFirst().load(1, (done, total) -> {})) {
            assertThat(weights(last.gpt())).isDeepEqualTo(weights(written.gpt()));
            assertThat(Arrays.deepEquals(weights(before.gpt()), weights(written.gpt()))).isFalse();
            assertThat(last.tokenizer()).isPresent();
        }
        assertThat(told.getLast()).as("bytes that are left at the end").isZero();
        assertThat(told).isSortedAccordingTo((a, b) -> Long.compare(b, a));
    }

    @Test
    void briefMomentsChangeNoWeight() throws IOException {
        Path run = run(Architecture.Style.LLAMA, 0, true, 2);
        assertThat(SavedCheckpoint.of(run))
                .extracting(SavedCheckpoint::step)
                .containsExactly(4L, 6L);
        try (Processor processor = Processor.of(1);
                Run training =
                        new Run(run, Settings.read(run), processor, (what, done, total) -> {});
                LocalModel last = SavedCheckpoint.of(run).getLast().load(1, (done, total) -> {})) {
            training.checkpoints().resume(training.trainer(), damaged -> {});
            assertThat(weights(last.gpt())).isDeepEqualTo(weights(training.trainer().gpt()));
        }
    }

    @Test
    void whatIsDamagedOrGoneIsSaid() throws IOException {
        Path run = run(Architecture.Style.GPT2, 0, false, 2);
        SavedCheckpoint saved = SavedCheckpoint.of(run).getFirst();
        byte[] bytes = Files.readAllBytes(saved.file());
        bytes[bytes.length / 2] ^= 1;
        Files.write(saved.file(), bytes);
        assertThatThrownBy(() -> saved.load(1, (done, total) -> {}))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("step-00000004.checkpoint")
                .hasMessageContaining("damaged");
        Files.delete(saved.file());
        assertThatThrownBy(() -> saved.load(1, (done, total) -> {}))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("step-00000004.checkpoint");
        assertThat(SavedCheckpoint.of(folder)).isEmpty();
    }
}
