package dev.loupe.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/** The fixtures are random bytes decoded by another implementation (the Python package gguf). */
class BlocksTest {
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "F32")
    void everyTypeDecodesToTheBitsOfTheReference(TensorType type) throws IOException {
        MemorySegment stored = MemorySegment.ofArray(fixture(type + ".bin"));
        float[] expected = floats(fixture(type + ".f32"));
        float[] decoded = new float[expected.length + 1];
        Blocks.decode(type, stored, 0, expected.length, decoded, 1);
        for (int i = 0; i < expected.length; i++) {
            assertThat(Float.floatToIntBits(decoded[i + 1]))
                    .as("%s number %d: %s or %s", type, i, decoded[i + 1], expected[i])
                    .isEqualTo(Float.floatToIntBits(expected[i]));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRunInTheMiddleDecodesToThePartOfTheWhole(TensorType type) throws IOException {
        String file = type == TensorType.F32 ? "F16.f32" : type + ".bin";
        MemorySegment stored = MemorySegment.ofArray(fixture(file));
        int blocks = Math.toIntExact(stored.byteSize() / type.blockBytes());
        float[] whole = new float[blocks * type.blockSize()];
        Blocks.decode(type, stored, 0, whole.length, whole, 0);
        float[] part = new float[3 * type.blockSize()];
        Blocks.decode(type, stored, 2L * type.blockBytes(), part.length, part, 0);
        for (int i = 0; i < part.length; i++) {
            assertThat(part[i]).isEqualTo(whole[2 * type.blockSize() + i]);
        }
    }

    @Test
    void anIncompleteBlockIsRefused() {
        MemorySegment stored = MemorySegment.ofArray(new byte[34]);
        assertThatThrownBy(() -> Blocks.decode(TensorType.Q8_0, stored, 0, 31, new float[31], 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("31")
                .hasMessageContaining("Q8_0");
        assertThatThrownBy(() -> Blocks.decode(TensorType.Q8_0, stored, 1, 32, new float[32], 0))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void floatsHaveNoCodes() {
        MemorySegment stored = MemorySegment.ofArray(new byte[64]);
        assertThatThrownBy(() ->
                        Blocks.unpack(
                                TensorType.BF16,
                                stored,
                                0,
                                32,
                                new byte[32],
                                new float[32],
                                new float[32]))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static byte[] fixture(String name) throws IOException {
        Path shared = Path.of(System.getProperty("loupe.shared", "../../shared"));
        Path file = shared.resolve("fixtures/quants").resolve(name);
        if (Files.notExists(file)) {
            String message = "SKIPPED: no " + file.toAbsolutePath() + " (-Dloupe.shared=DIR)";
            System.err.println(message);
            assertThat(System.getenv("CI")).as(message).isNotEqualTo("true");
            abort(message);
        }
        return Files.readAllBytes(file);
    }

    private static float[] floats(byte[] bytes) {
        float[] floats = new float[bytes.length / 4];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(floats);
        return floats;
    }
}
