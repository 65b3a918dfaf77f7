package dev.loupe.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import dev.loupe.files.AdapterFolder;
import dev.loupe.files.BaseModel;
import dev.loupe.files.LocalModel;
import dev.loupe.files.Safetensors;
import dev.loupe.kernels.Tensor;
import dev.loupe.model.Batch;
import dev.loupe.model.Inference;
import dev.loupe.model.KvCache;
import dev.loupe.model.Parameters;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Adapters that PEFT wrote, and what PyTorch computes with them and makes of them. */
class PeftTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir private Path folder;

    private static Path fixture(String family) {
        return Path.of("src/test/resources/adapters", family);
    }

    private static JsonNode expected(String family) throws IOException {
        return JSON.readTree(fixture(family).resolve("expected.json").toFile());
    }

    private static int[] ints(JsonNode node) {
        return JSON.convertValue(node, int[].class);
    }

    /** The adapter, with the base that it belongs to. */
    private Path adapter(String family) throws IOException {
        Path adapter = Files.createDirectories(folder.resolve("adapter"));
        for (String name : AdapterFolder.files()) {
            Files.copy(fixture(family).resolve(name), adapter.resolve(name));
        }
        BaseModel.of(Outside.fixture("families/" + family)).write(adapter);
        return adapter;
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "gpt-neox", "llama-tied", "gemma3"})
    void anAdapterOfPeftComputesWhatItComputesThere(String family) throws IOException {
        JsonNode expected = expected(family);
        try (LocalModel model = LocalModel.load(adapter(family), 2)) {
            Batch batch =
                    new Batch(new Batch.Part(KvCache.none(), false, ints(expected.get("ids"))));
            Inference ops = new Inference(model.processor());
            Tensor logits = model.gpt().logits(ops, batch, batch.allRows());
            for (int r = 0; r < logits.rows(); r++) {
                for (int c = 0; c < logits.cols(); c++) {
                    double there = expected.get("logits").get(r).get(c).asDouble();
                    assertThat((double) logits.at(r, c)).isCloseTo(there, within(1e-4));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "gpt-neox", "llama-tied", "gemma3"})
    void anAdapterLearnsAsItDoesInPyTorch(String family) throws IOException {
        JsonNode expected = expected(family);
        List<Example> examples = new ArrayList<>();
        for (JsonNode example : expected.get("examples")) {
            examples.add(new Example(ints(example.get("ids")), ints(example.get("next"))));
        }
        Schedule steady = new Schedule(Schedule.Kind.CONSTANT, 1e-2, 1e-2, 0, 6);
        Recipe recipe = new Recipe(steady, 2, 1, 0.9f, 0.999f, 0, 1e6f, 0, 1, false, 0);
        try (LocalModel model = LocalModel.load(adapter(family), 2)) {
            Trainer trainer =
                    new Trainer(
                            model.gpt(),
                            Parameters.ofAdapters(model.gpt()),
                            recipe,
                            new Examples(examples, List.of(), recipe, 1024),
                            model.processor());
            for (JsonNode loss : expected.get("losses")) {
                assertThat(trainer.next().loss()).isCloseTo(loss.asDouble(), within(2e-5));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "gpt-neox", "llama-tied", "gemma3"})
    void anAdapterThatIsWrittenIsTheOneThatPeftWrote(String family) throws IOException {
        Path adapter = adapter(family);
        Path again = folder.resolve("again");
        try (LocalModel model = LocalModel.load(adapter, 2)) {
            AdapterFolder.write(again, model.gpt(), Path.of(family), 6, 0);
        }
        Path theirs = adapter.resolve("adapter_model.safetensors");
        Path ours = again.resolve("adapter_model.safetensors");
        try (Safetensors one = Safetensors.open(theirs);
                Safetensors other = Safetensors.open(ours)) {
            assertThat(new TreeSet<>(other.names())).isEqualTo(new TreeSet<>(one.names()));
            for (String name : one.names()) {
                assertThat(other.shape(name)).isEqualTo(one.shape(name));
                assertThat(other.tensor(name).data().mismatch(one.tensor(name).data()))
                        .as(name)
                        .isEqualTo(-1);
            }
        }
        JsonNode there = JSON.readTree(adapter.resolve("adapter_config.json").toFile());
        JsonNode here = JSON.readTree(again.resolve("adapter_config.json").toFile());
        for (String name : Set.of("peft_type", "task_type", "r", "fan_in_fan_out", "bias")) {
            assertThat(here.get(name)).as(name).isEqualTo(there.get(name));
        }
        assertThat(here.get("lora_alpha").asDouble()).isEqualTo(6);
        assertThat(here.get("target_modules")).hasSameSizeAs(there.get("target_modules"));
    }
}
