package dev.loupe.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.abort;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import dev.loupe.files.LocalModel;
import dev.loupe.model.Parameters;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/** Ten steps of a tiny model of each family against those of PyTorch. */
class OptimiserStepsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir private Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gemma3",
                "gpt-neox",
                "gpt-neox-sequential",
                "gpt2",
                "llama-3-rope",
                "llama-mqa-bias",
                "llama-tied",
                "mistral-sliding",
                "qwen2",
                "qwen3"
            })
    void theLossesOfTenStepsAreThoseOfPyTorch(String family) throws IOException {
        Path shared = Path.of(System.getProperty("loupe.shared", "../../shared"));
        Path fixture = shared.resolve("fixtures/families").resolve(family);
        if (Files.notExists(fixture)) {
            String message = "SKIPPED: no " + fixture.toAbsolutePath() + " (-Dloupe.shared=DIR)";
            System.err.println(message);
            assertThat(System.getenv("CI")).as(message).isNotEqualTo("true");
            abort(message);
        }
        JsonNode expected;
        try (InputStream in = getClass().getResourceAsStream("/steps/steps.json")) {
            expected = JSON.readTree(in).get(family);
        }
        int[] ids = JSON.convertValue(expected.get("ids"), int[].class);
        Schedule same = new Schedule(Schedule.Kind.CONSTANT, 1e-3, 1e-3, 0, 10);
        Recipe recipe = new Recipe(same, 1, 1, 0.9f, 0.95f, 0.1f, 0.5f, 0, 1, false, 0);
        // there is one window, so each step is made on it
        Windows windows = new Windows(0, ids.length, ids.length - 1, 1);
        try (LocalModel model = LocalModel.load(fixture, 2);
                TokenFile data = TokenFile.open(write(ids))) {
            TextWindows material = new TextWindows(data, windows, recipe);
            Trainer trainer =
                    new Trainer(
                            model.gpt(),
                            Parameters.of(model.gpt()),
                            recipe,
                            material,
                            model.processor());
            for (JsonNode loss : expected.get("losses")) {
                StepReport report = trainer.next();
                assertThat(report.loss())
                        .as("step %d", report.step())
                        .isCloseTo(loss.asDouble(), within(1e-5));
            }
            assertThat(trainer.finished()).isTrue();
        }
    }

    /** As {@link TokenFile} says. */
    private Path write(int[] ids) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(32 + 4 * ids.length);
        bytes.putLong(0x6c6f7570652d746bL).putInt(4).putInt(0).putLong(ids.length).putLong(0);
        bytes.asIntBuffer().put(ids);
        return Files.write(folder.resolve("tokens.bin"), bytes.array());
    }
}
