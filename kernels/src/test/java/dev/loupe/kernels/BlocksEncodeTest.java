package dev.loupe.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Objects;

/** The expected bytes are ggml's; resources/encode/make_encoded.py made them. */
class BlocksEncodeTest {
    private static final int ROW = 256;

    private final float[] numbers = numbers();

    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"})
    void typesOfOneBlockHaveTheBytesOfTheReference(TensorType type) {
        assertThat(encoded(type, numbers)).isEqualTo(resource(type + ".bin"));
    }

    @ParameterizedTest
    @EnumSource(names = {"Q4_K", "Q5_K", "Q6_K"})
    void typesThatSearchTheirScaleAreAsCloseAsTheReference(TensorType type) {
        float[] ours = decoded(type, encoded(type, numbers));
        float[] reference = decoded(type, resource(type + ".bin"));
        double all = error(ours, 0, numbers.length) / error(reference, 0, numbers.length);
        assertThat(all).as("error of all numbers, relative to the reference").isBetween(0.99, 1.01);
        for (int row = 0; row < numbers.length; row += ROW) {
            assertThat(error(ours, row, ROW))
                    .as("error of row %d", row / ROW)
                    .isLessThanOrEqualTo(1.01 * error(reference, row, ROW));
        }
    }

    @Test
    void floatsAreKept() {
        assertThat(decoded(TensorType.F32, encoded(TensorType.F32, numbers))).isEqualTo(numbers);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "F32")
    void numbersThatATypeCannotHoldAreRefused(TensorType type) {
        if (!Blocks.encodes(type)) {
            assertThatThrownBy(() -> encoded(type, new float[ROW]))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(type + " can be read but not written");
            return;
        }
        for (float bad : new float[] {Float.NaN, Float.NEGATIVE_INFINITY, Float.MAX_VALUE}) {
            float[] row = new float[ROW];
            row[200] = bad;
            assertThatThrownBy(() -> encoded(type, row))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void onlyTheNamedPartsAreReadAndWritten() {
        float[] row = new float[64];
        Arrays.fill(row, 32, 64, 1f);
        byte[] target = new byte[3 * 34];
        Blocks.encode(TensorType.Q8_0, row, 32, 32, MemorySegment.ofArray(target), 34);
        assertThat(Arrays.copyOf(target, 34)).containsOnly(0);
        assertThat(Arrays.copyOfRange(target, 36, 68)).containsOnly(127);
        assertThat(Arrays.copyOfRange(target, 68, 102)).containsOnly(0);
    }

    private double error(float[] decoded, int from, int count) {
        double squares = 0;
        for (int i = from; i < from + count; i++) {
            squares += Math.pow((double) decoded[i] - numbers[i], 2);
        }
        return Math.sqrt(squares / count);
    }

    private static byte[] encoded(TensorType type, float[] numbers) {
        byte[] bytes = new byte[(int) type.bytes(numbers.length)];
        Blocks.encode(type, numbers, 0, numbers.length, MemorySegment.ofArray(bytes), 0);
        return bytes;
    }

    private static float[] decoded(TensorType type, byte[] bytes) {
        float[] floats = new float[bytes.length / type.blockBytes() * type.blockSize()];
        Blocks.decode(type, MemorySegment.ofArray(bytes), 0, floats.length, floats, 0);
        return floats;
    }

    private static float[] numbers() {
        byte[] bytes = resource("numbers.f32");
        float[] floats = new float[bytes.length / 4];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(floats);
        return floats;
    }

    private static byte[] resource(String name) {
        try (InputStream in = BlocksEncodeTest.class.getResourceAsStream("/encode/" + name)) {
            return Objects.requireNonNull(in, name).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
