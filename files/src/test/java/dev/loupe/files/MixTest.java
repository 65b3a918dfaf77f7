package dev.loupe.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loupe.kernels.TensorType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** The expected types are those of llama-quantize; resources/mixes/make_mixes.py asked it. */
class MixTest {
    @TempDir Path folder;

    @Test
    void aModelWithItsOwnUnembeddingGetsTheTypesOfTheReference() throws IOException {
        checkMixes(madeUp("wide", "llama", 16, 256, 2), "wide");
    }

    @Test
    void aModelWithFusedAttentionGetsTheTypesOfTheReference() throws IOException {
        checkMixes(madeUp("fused", "gpt2", 12, 768, 4), "fused");
    }

    @Test
    void aModelWithRowsOfNoWholeBlocksGetsTheTypesOfTheReference() throws IOException {
        checkMixes(Outside.realModel(), "smollm2");
    }

    @Test
    void aModelThatDoesNotSayItsLayersIsNamed() {
        Path file = folder.resolve("x.gguf");
        new GgufWriter().string("general.architecture", "llama").write(file);
        try (Gguf model = Gguf.open(file)) {
            assertThatThrownBy(() -> Mix.Q4_0.types(model))
                    .isInstanceOf(ModelFileException.class)
                    .hasMessageContaining("llama.block_count");
        }
    }

    private void checkMixes(Path file, String name) throws IOException {
        List<String> lines = lines(name);
        List<String> tensors = List.of(lines.getFirst().split(" ", -1));
        assertThat(lines).hasSize(1 + Mix.values().length);
        try (Gguf model = Gguf.open(file)) {
            for (String line : lines.subList(1, lines.size())) {
                List<String> types = List.of(line.split(" ", -1));
                var chosen = Mix.valueOf(types.getFirst()).types(model);
                assertThat(chosen.keySet()).containsExactlyInAnyOrderElementsOf(tensors);
                for (int i = 0; i < tensors.size(); i++) {
                    assertThat(chosen.get(tensors.get(i)))
                            .as("%s in %s", tensors.get(i), types.getFirst())
                            .isEqualTo(TensorType.valueOf(types.get(i + 1)));
                }
            }
        }
    }

    /** A model with the names of the list; vectors are norms and biases, other tensors two rows. */
    private Path madeUp(String name, String family, int layers, long width, int kvHeads)
            throws IOException {
        GgufWriter writer =
                new GgufWriter()
                        .string("general.architecture", family)
                        .integer(family + ".block_count", layers)
                        .integer(family + ".attention.head_count", 4)
                        .integer(family + ".attention.head_count_kv", kvHeads);
        for (String tensor : lines(name).getFirst().split(" ", -1)) {
            boolean vector = tensor.contains("norm") || tensor.contains("bias");
            List<Long> shape = new ArrayList<>(vector ? List.of(width) : List.of(2L, width));
            ByteBuffer zeros = ByteBuffer.allocate((int) width * (vector ? 4 : 8));
            writer.tensor(
                    new NewTensor(
                            tensor,
                            TensorType.F32,
                            shape,
                            out -> NewFile.writeFully(out, zeros.rewind())));
        }
        Path file = folder.resolve(name + ".gguf");
        writer.write(file);
        return file;
    }

    private static List<String> lines(String name) throws IOException {
        try (InputStream in = MixTest.class.getResourceAsStream("/mixes/" + name + ".types")) {
            byte[] text = Objects.requireNonNull(in, name).readAllBytes();
            return new String(text, StandardCharsets.US_ASCII).lines().toList();
        }
    }
}
