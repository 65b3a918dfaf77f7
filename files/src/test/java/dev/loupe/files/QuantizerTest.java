package dev.loupe.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loupe.kernels.Blocks;
import dev.loupe.kernels.TensorType;
import dev.loupe.model.StoredTensor;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

class QuantizerTest {
    @TempDir Path folder;

    @Test
    void matricesAreEncodedAndVectorsKept() {
        int rows = 9000; // several pieces, the last one incomplete
        float[] numbers = new float[rows * 256];
        Random random = new Random(1);
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        Path out = folder.resolve("out.gguf");
        List<String> heard = new ArrayList<>();
        Quantizer.quantize(
                model(numbers, rows),
                out,
                Mix.Q4_K_M,
                3,
                (i, n, name, from, to) ->
                        heard.add(i + "/" + n + " " + name + " " + from + " " + to));
        assertThat(heard)
                .containsExactly(
                        "0/2 blk.0.attn_norm.weight F32 F32", "1/2 blk.0.ffn_up.weight F32 Q4_K");
        try (Gguf gguf = Gguf.open(out)) {
            assertThat(gguf.metadata().integer("general.file_type")).contains(15L);
            assertThat(gguf.metadata().string("general.architecture")).contains("llama");
            StoredTensor stored = gguf.tensor("blk.0.ffn_up.weight");
            byte[] expected = new byte[(int) TensorType.Q4_K.bytes(numbers.length)];
            MemorySegment whole = MemorySegment.ofArray(expected);
            Blocks.encode(TensorType.Q4_K, numbers, 0, numbers.length, whole, 0);
            assertThat(stored.data().mismatch(whole)).isEqualTo(-1);
            assertThat(gguf.tensor("blk.0.attn_norm.weight").type()).isEqualTo(TensorType.F32);
        }
    }

    @Test
    void aNumberThatCannotBeStoredIsNamedAndNothingIsWritten() {
        float[] numbers = new float[4 * 256];
        numbers[3 * 256 + 7] = Float.NaN;
        Path out = folder.resolve("out.gguf");
        Path in = model(numbers, 4);
        assertThatThrownBy(() ->
                        Quantizer.quantize(in, out, Mix.Q8_0, 2, (i, n, name, from, to) -> {}))
                .isInstanceOf(ModelFileException.class)
                .hasMessageContaining("tensor 'blk.0.ffn_up.weight' as Q8_0")
                .hasMessageContaining("NaN");
        assertThat(out).doesNotExist();
    }

    private Path model(float[] numbers, int rows) {
        Path in = folder.resolve("in.gguf");
        new GgufWriter()
                .string("general.architecture", "llama")
                .integer("llama.block_count", 1)
                .tensor(tensor("blk.0.attn_norm.weight", List.of(2L), new float[] {1, 2}))
                .tensor(tensor("blk.0.ffn_up.weight", List.of((long) rows, 256L), numbers))
                .write(in);
        return in;
    }

    private static NewTensor tensor(String name, List<Long> shape, float[] numbers) {
        ByteBuffer bytes = ByteBuffer.allocate(numbers.length * 4).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(numbers);
        return new NewTensor(
                name, TensorType.F32, shape, out -> NewFile.writeFully(out, bytes.rewind()));
    }
}
