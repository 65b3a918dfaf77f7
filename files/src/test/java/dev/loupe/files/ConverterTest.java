package dev.loupe.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.kernels.Tensor;
import dev.loupe.kernels.TensorType;
import dev.loupe.model.Batch;
import dev.loupe.model.Inference;
import dev.loupe.model.KvCache;
import dev.loupe.model.Rope;
import dev.loupe.model.StoredTensor;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Checkpoints from a folder to GGUF and back. What other programs make of them is checked by
 * src/test/python/check_conversions.py.
 */
class ConverterTest {
    private static final int[] IDS = {5, 100, 7, 316, 0, 42, 42, 9, 211, 30, 8, 77, 123};

    @TempDir Path folder;

    private static void toGguf(Path from, Path to, Optional<Mix> mix) {
        Converter.toGguf(from, to, mix, 2, (index, count, tensor) -> {});
    }

    private static void toFolder(Path from, Path to, Optional<TensorType> type) {
        Converter.toFolder(from, to, type, 2, (index, count, tensor) -> {});
    }

    private static float[] logits(Path path) {
        try (LocalModel model = LocalModel.load(path, 1)) {
            KvCache cache = new KvCache(model.gpt().config());
            Batch batch = new Batch(new Batch.Part(cache, false, IDS));
            Tensor logits =
                    model.gpt().logits(new Inference(model.processor()), batch, batch.allRows());
            return Arrays.copyOf(logits.data(), IDS.length * logits.cols());
        }
    }

    @ParameterizedTest
    @MethodSource("dev.loupe.files.FamiliesTest#families")
    void aModelComesBackAsItWentAndComputesTheSameBits(String family) {
        Path from = Outside.fixture("families/" + family);
        Path file = folder.resolve("model.gguf");
        Path back = folder.resolve("back");
        toGguf(from, file, Optional.empty());
        toFolder(file, back, Optional.empty());
        float[] expected = logits(from);
        assertThat(logits(file)).isEqualTo(expected);
        assertThat(logits(back)).isEqualTo(expected);
        assertThat(sameButRopeFactors(file, from)).isTrue();
        try (Safetensors first = Safetensors.open(from);
                Safetensors second = Safetensors.open(back)) {
            assertThat(second.names()).containsExactlyInAnyOrderElementsOf(first.names());
            for (String name : first.names()) {
                assertThat(second.shape(name)).as(name).isEqualTo(first.shape(name));
                // Gemma's norms are stored less one, and adding it rounds
                if (!family.equals("gemma3") || !name.contains("norm")) {
                    StoredTensor tensor = second.tensor(name);
                    assertThat(tensor.data().mismatch(first.tensor(name).data()))
                            .as(name)
                            .isEqualTo(-1);
                }
            }
        }
    }

    /** Whether file and folder have equal configurations but for their names and rope's rule. */
    private static boolean sameButRopeFactors(Path file, Path from) {
        var a = ModelSummary.of(file).config();
        var b = ModelSummary.of(from).config();
        for (int i = 0; i < a.nLayer(); i++) {
            Rope first = a.layers().get(i).rope();
            Rope second = b.layers().get(i).rope();
            boolean same =
                    first == null
                            ? second == null
                            : second != null
                                    && Arrays.equals(first.frequencies(), second.frequencies());
            if (!same || a.layers().get(i).window() != b.layers().get(i).window()) {
                return false;
            }
        }
        return a.attention().equals(b.attention())
                && a.mlp().equals(b.mlp())
                && a.norm().equals(b.norm())
                && a.embedding().equals(b.embedding())
                && a.nCtx() == b.nCtx()
                && a.parallel() == b.parallel();
    }

    @Test
    void aQuantisedModelIsDecodedIntoAFolder() {
        Path file = folder.resolve("model.gguf");
        Path back = folder.resolve("back");
        toGguf(Outside.fixture("families/gpt2"), file, Optional.of(Mix.Q8_0));
        toFolder(file, back, Optional.empty());
        try (Gguf gguf = Gguf.open(file)) {
            assertThat(gguf.tensor("blk.0.attn_qkv.weight").type()).isEqualTo(TensorType.Q8_0);
            assertThat(gguf.tensor("position_embd.weight").type()).isEqualTo(TensorType.F32);
            assertThat(gguf.tensor("blk.0.attn_norm.bias").type()).isEqualTo(TensorType.F32);
            assertThat(gguf.metadata().integer("general.file_type")).contains(7L);
        }
        try (Safetensors tensors = Safetensors.open(back)) {
            assertThat(tensors.shape("transformer.h.0.attn.c_attn.weight"))
                    .containsExactly(96L, 288L);
        }
        float[] quantised = logits(file);
        float[] decoded = logits(back);
        for (int i = 0; i < decoded.length; i++) {
            assertThat(decoded[i]).isCloseTo(quantised[i], offset(2e-2f));
        }
    }

    private static Offset<Float> offset(float by) {
        return Offset.offset(by);
    }

    @ParameterizedTest
    @ValueSource(strings = {"F16", "BF16"})
    void sixteenBitsGoThereAndBackByThemselves(String type) {
        Path file = folder.resolve("model.gguf");
        Path back = folder.resolve("back");
        Path again = folder.resolve("again.gguf");
        toGguf(Outside.fixture("families/llama-tied"), file, Optional.of(Mix.valueOf(type)));
        toFolder(file, back, Optional.empty());
        toGguf(back, again, Optional.empty());
        try (Safetensors tensors = Safetensors.open(back);
                Gguf first = Gguf.open(file);
                Gguf second = Gguf.open(again)) {
            assertThat(tensors.tensor("model.norm.weight").type().name()).isEqualTo(type);
            assertThat(second.tensor("output_norm.weight").type()).isEqualTo(TensorType.F32);
            StoredTensor queries = first.tensor("blk.1.attn_q.weight");
            assertThat(queries.type().name()).isEqualTo(type);
            assertThat(second.tensor("blk.1.attn_q.weight").data().mismatch(queries.data()))
                    .isEqualTo(-1);
        }
    }

    @ParameterizedTest
    @CsvSource({"500000, 64, 32, 8192", "500000, 128, 8, 8192", "10000, 96, 4.5, 3000"})
    void theRuleOfRopeFactorsIsFoundAgain(double theta, int dims, double factor, int context) {
        Rope.Llama3 rule = new Rope.Llama3(factor, 1, 4, context);
        double[] exact = new Rope(theta, dims, rule).divisors();
        float[] divisors = new float[exact.length];
        for (int i = 0; i < exact.length; i++) {
            divisors[i] = (float) exact[i];
        }
        assertThat(RopeFactors.rule(theta, dims, divisors)).contains(rule);
        divisors[dims / 4] *= 1.1f;
        assertThat(RopeFactors.rule(theta, dims, divisors)).isEmpty();
    }

    @Test
    void whatAFileCannotSayIsRefusedAndNothingIsWritten() throws IOException {
        Path from = copy("llama-tied", json -> json.put("hidden_act", "gelu"));
        Path file = folder.resolve("model.gguf");
        assertThatThrownBy(() -> toGguf(from, file, Optional.empty()))
                .isInstanceOf(ModelFileException.class)
                .hasMessageContaining("activation: found GELU, expected SILU");
        assertThat(file).doesNotExist();
    }

    @Test
    void aTensorWithoutAPlaceIsNamed() throws IOException {
        Path from = copy("llama-tied", json -> json.put("model_type", "gpt_neox"));
        assertThatThrownBy(() -> toGguf(from, folder.resolve("model.gguf"), Optional.empty()))
                .isInstanceOf(ModelFileException.class)
                .hasMessageContaining("tensor 'model.");
    }

    @Test
    void aFailureLeavesTheFolderAsItWas() throws IOException {
        Path file = folder.resolve("model.gguf");
        toGguf(Outside.fixture("families/llama-tied"), file, Optional.empty());
        Path old = Files.createDirectory(folder.resolve("old"));
        Files.writeString(old.resolve("config.json"), "mine");
        assertThatThrownBy(() ->
                        Converter.toFolder(
                                file,
                                old,
                                Optional.empty(),
                                1,
                                (index, count, tensor) -> {
                                    if (index == count / 2) {
                                        throw new ModelFileException(file, "stopped half way");
                                    }
                                }))
                .isInstanceOf(ModelFileException.class);
        assertThat(old.resolve("config.json")).hasContent("mine");
        try (Stream<Path> inOld = Files.list(old);
                Stream<Path> beside = Files.list(folder)) {
            assertThat(Stream.concat(inOld, beside).map(p -> p.getFileName().toString()))
                    .containsExactlyInAnyOrder("config.json", "model.gguf", "old");
        }
    }

    @Test
    void aModelWithoutATokenizerKeepsItsEnd() {
        Path file = folder.resolve("model.gguf");
        toGguf(Outside.fixture("families/llama-tied"), file, Optional.empty());
        try (LocalModel model = LocalModel.load(file, 1)) {
            assertThat(model.tokenizer()).isEmpty();
            assertThat(model.endOfGeneration()).containsExactly(2);
        }
        assertThatThrownBy(() -> Tokenizers.open(file))
                .isInstanceOf(ModelFileException.class)
                .hasMessageContaining("this file has none");
    }

    private interface Change {
        void to(ObjectNode config);
    }

    /** A fixture with another config.json. */
    private Path copy(String family, Change change) throws IOException {
        Path from = Outside.fixture("families/" + family);
        Path to = Files.createDirectory(folder.resolve("changed"));
        ObjectMapper mapper = new ObjectMapper();
        ObjectNode config = (ObjectNode) mapper.readTree(from.resolve("config.json").toFile());
        change.to(config);
        mapper.writeValue(to.resolve("config.json").toFile(), config);
        Files.copy(from.resolve("model.safetensors"), to.resolve("model.safetensors"));
        return to;
    }
}
