package dev.loupe.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.loupe.kernels.TensorType;
import dev.loupe.kernels.Weight;
import dev.loupe.model.Adapters;
import dev.loupe.model.Batch;
import dev.loupe.model.Gpt;
import dev.loupe.model.Inference;
import dev.loupe.model.KvCache;
import dev.loupe.model.Lora;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;

/** Adapters of each family, written, read, and merged in each of the two formats. */
class AdapterFolderTest {
    @TempDir private Path folder;

    static Stream<String> families() {
        return FamiliesTest.families();
    }

    private static Weight matrix(int rows, int cols, Random random) {
        int panels = (rows + Weight.PANEL - 1) / Weight.PANEL;
        Weight.Floats weight =
                new Weight.Floats(rows, cols, new float[panels][Weight.PANEL * cols]);
        for (int r = 0; r < rows; r++) {
            for (int k = 0; k < cols; k++) {
                weight.data()[r / Weight.PANEL][k * Weight.PANEL + r % Weight.PANEL] =
                        0.1f * (float) random.nextGaussian();
            }
        }
        return weight;
    }

    /** With random adapters everywhere. */
    private static Gpt adapted(Gpt gpt) {
        Random random = new Random(7);
        Map<String, Lora> adapters = new LinkedHashMap<>();
        for (Adapters.Place place : AdapterFolder.places(gpt)) {
            Weight a = matrix(3, place.inputs(), random);
            Weight b = matrix(place.outputs(), 3, random);
            adapters.put(place.name(), new Lora(a, b, 2, place.first()));
        }
        return Adapters.with(gpt, adapters);
    }

    private static float[] logits(LocalModel model, Gpt gpt) {
        int[] ids = {3, 14, 15, 92, 65, 35, 8};
        Batch batch = new Batch(new Batch.Part(KvCache.none(), false, ids));
        return gpt.logits(new Inference(model.processor()), batch, new int[] {2, 6}).data();
    }

    private static float[] logits(Path path) {
        try (LocalModel model = LocalModel.load(path, 2)) {
            return logits(model, model.gpt());
        }
    }

    @ParameterizedTest
    @MethodSource("families")
    void anAdapterThatWasWrittenIsReadAgainAndMerged(String family) {
        Path base = Outside.fixture("families/" + family);
        Path adapter = folder.resolve("adapter");
        float[] expected;
        try (LocalModel model = LocalModel.load(base, 2)) {
            Gpt adapted = adapted(model.gpt());
            expected = logits(model, adapted);
            assertThat(expected).isNotEqualTo(logits(model, model.gpt()));
            AdapterFolder.write(adapter, adapted, base.toAbsolutePath(), 6, 0);
            Exporter.toFolder(
                    base, adapted, folder.resolve("merged"), TensorType.F32, 2, (i, n, t) -> {});
            Exporter.toGguf(
                    base, adapted, folder.resolve("merged.gguf"), Mix.F32, 2, (i, n, t) -> {});
        }
        assertThat(logits(adapter)).isEqualTo(expected);
        assertThat(logits(folder.resolve("merged"))).containsExactly(expected, within(1e-5f));
        assertThat(logits(folder.resolve("merged.gguf"))).containsExactly(expected, within(1e-5f));
    }

    @ParameterizedTest
    @CsvSource({"llama-3-rope", "llama-tied", "qwen3", "gpt-neox"})
    void theModelOfAGgufFileIsExportedToo(String family) {
        Path base = folder.resolve("base.gguf");
        Converter.toGguf(
                Outside.fixture("families/" + family), base, Optional.empty(), 2, (i, n, t) -> {});
        float[] expected;
        try (LocalModel model = LocalModel.load(base, 2)) {
            Gpt adapted = adapted(model.gpt());
            expected = logits(model, adapted);
            AdapterFolder.write(folder.resolve("adapter"), adapted, base, 6, 0);
            Exporter.toFolder(
                    base, adapted, folder.resolve("merged"), TensorType.F32, 2, (i, n, t) -> {});
            Exporter.toGguf(
                    base, adapted, folder.resolve("merged.gguf"), Mix.F32, 2, (i, n, t) -> {});
        }
        assertThat(logits(folder.resolve("adapter"))).isEqualTo(expected);
        assertThat(logits(folder.resolve("merged"))).containsExactly(expected, within(1e-5f));
        assertThat(logits(folder.resolve("merged.gguf"))).containsExactly(expected, within(1e-5f));
    }

    private Path written(String family) {
        Path base = Outside.fixture("families/" + family);
        Path adapter = folder.resolve("adapter");
        try (LocalModel model = LocalModel.load(base, 2)) {
            AdapterFolder.write(adapter, adapted(model.gpt()), base.toAbsolutePath(), 6, 0);
        }
        return adapter;
    }

    @ParameterizedTest
    @CsvSource({
        "'\"LORA\"', '\"LOHA\"', peft_type",
        "'\"none\"', '\"all\"', bias",
        "'\"r\" : 3', '\"r\" : 3, \"use_dora\" : true', use_dora",
        "'\"r\" : 3', '\"r\" : 3, \"rank_pattern\" : {\"q_proj\" : 4}', rank_pattern",
        "'\"r\" : 3', '\"q\" : 3', 'r: found nothing'"
    })
    void whatWouldComputeOtherwiseIsRefused(String was, String is, String says) throws IOException {
        Path config = written("llama-tied").resolve("adapter_config.json");
        String text = Files.readString(config);
        assertThat(text).contains(was);
        Files.writeString(config, text.replace(was, is));
        assertThatThrownBy(() -> LocalModel.load(config.resolveSibling(""), 1))
                .isInstanceOf(ModelFileException.class)
                .hasMessageContaining("adapter_config.json")
                .hasMessageContaining(says);
    }

    @Test
    void anAdapterOfAnotherModelIsRefused() throws IOException {
        Path adapter = written("llama-tied");
        Path config = adapter.resolve("adapter_config.json");
        String other = Outside.fixture("families/qwen3").toAbsolutePath().toString();
        String here = Outside.fixture("families/llama-tied").toAbsolutePath().toString();
        Files.writeString(config, Files.readString(config).replace(here, other));
        assertThatThrownBy(() -> LocalModel.load(adapter, 1))
                .isInstanceOf(ModelFileException.class)
                .hasMessageContaining("adapter_model.safetensors");
        Files.writeString(config, Files.readString(config).replace(other, "someone/some-model"));
        assertThatThrownBy(() -> LocalModel.load(adapter, 1))
                .isInstanceOf(ModelFileException.class)
                .hasMessageContaining("base_model_name_or_path: found someone/some-model")
                .hasMessageContaining("the path of a model that is here");
    }
}
