package dev.loupe.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loupe.kernels.TensorType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

class WritersTest {
    @TempDir Path folder;

    @Test
    void ggufMetadataSurvivesACopyWithItsTypes() throws IOException {
        Path first = new GgufBytes().everyType().tensor("a", 0, 2).in(folder);
        Path second = folder.resolve("copy.gguf");
        try (Gguf source = Gguf.open(first)) {
            new GgufWriter()
                    .metadataOf(source)
                    .tensor(NewTensor.copyOf(source.tensor("a"), source.shape("a")))
                    .write(second);
        }
        // the writer pads after the last tensor, the builder does not
        byte[] expected = Files.readAllBytes(first);
        assertThat(Files.readAllBytes(second)).startsWith(expected).hasSize(expected.length + 24);
    }

    @Test
    void ggufTensorsAreReadBackAsTheyWere() {
        Path file = folder.resolve("new.gguf");
        byte[] block = new byte[34];
        block[3] = 7;
        new GgufWriter()
                .string("general.architecture", "llama")
                .integer("n", 3)
                .number("eps", 1e-5)
                .flag("flag", true)
                .strings("tokens", List.of("a", "b"))
                .integers("kinds", 1, -1)
                .numbers("scores", 0.5f)
                .flags("flags", true, false)
                .tensor(tensor("vector", TensorType.F16, List.of(3L), new byte[6]))
                .tensor(tensor("matrix", TensorType.Q8_0, List.of(1L, 32L), block))
                .write(file);
        try (Gguf gguf = Gguf.open(file)) {
            assertThat(gguf.metadata().number("eps")).contains((double) 1e-5f);
            assertThat(gguf.metadata().integers("kinds").orElseThrow()).containsExactly(1, -1);
            assertThat(gguf.shape("vector")).containsExactly(3L);
            assertThat(gguf.shape("matrix")).containsExactly(1L, 32L);
            assertThat(gguf.tensor("matrix").data().asByteBuffer())
                    .isEqualTo(ByteBuffer.wrap(block));
        }
    }

    @Test
    void safetensorsAreReadBackAsTheyWere() {
        Path file = folder.resolve("new.safetensors");
        new SafetensorsWriter()
                .tensor(tensor("half", TensorType.F16, List.of(3L), new byte[] {1, 2, 3, 4, 5, 6}))
                .tensor(tensor("float \"q\"", TensorType.F32, List.of(1L, 1L), new byte[4]))
                .write(file);
        try (Safetensors read = Safetensors.open(file)) {
            assertThat(read.names()).containsExactly("float \"q\"", "half");
            assertThat(read.shape("float \"q\"")).containsExactly(1L, 1L);
            assertThat(read.tensor("half").data().asByteBuffer())
                    .isEqualTo(ByteBuffer.wrap(new byte[] {1, 2, 3, 4, 5, 6}));
        }
    }

    @Test
    void aMatrixHasTheHeaderThatNumPyWrites() throws IOException {
        Path file = folder.resolve("x.npy");
        Npy.write(file, 2, 1, new float[] {1f, -2f});
        String header =
                "\u0093NUMPY\1\0v\0{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }";
        byte[] expected =
                (header + " ".repeat(127 - header.length()) + "\n\0\0\u0080?\0\0\0\u00C0")
                        .getBytes(StandardCharsets.ISO_8859_1);
        assertThat(Files.readAllBytes(file)).isEqualTo(expected);
    }

    @Test
    void aFailureLeavesTheOldFileAndNoOther() throws IOException {
        Path file = Files.writeString(folder.resolve("old.gguf"), "old");
        NewTensor broken =
                new NewTensor(
                        "a",
                        TensorType.F32,
                        List.of(1L),
                        out -> {
                            throw new IOException("No space left on device");
                        });
        assertThatThrownBy(() -> new GgufWriter().tensor(broken).write(file))
                .isInstanceOf(ModelFileException.class)
                .hasMessage(file + ": cannot be written: No space left on device");
        NewTensor shorter = tensor("a", TensorType.F32, List.of(2L), new byte[4]);
        assertThatThrownBy(() -> new GgufWriter().tensor(shorter).write(file))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("4 bytes were written, expected 8");
        assertThat(file).hasContent("old");
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void aNameTwiceOrTooLongForGgmlIsRefused() {
        NewTensor a = tensor("a", TensorType.F32, List.of(1L), new byte[4]);
        GgufWriter writer = new GgufWriter().tensor(a);
        assertThatThrownBy(() -> writer.tensor(a)).isInstanceOf(IllegalArgumentException.class);
        NewTensor longName = tensor("n".repeat(64), TensorType.F32, List.of(1L), new byte[4]);
        assertThatThrownBy(() -> writer.tensor(longName))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static NewTensor tensor(String name, TensorType type, List<Long> shape, byte[] bytes) {
        return new NewTensor(
                name, type, shape, out -> NewFile.writeFully(out, ByteBuffer.wrap(bytes)));
    }
}
