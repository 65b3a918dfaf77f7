package dev.loupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loupe.kernels.Blocks;
import dev.loupe.kernels.NonFiniteException;
import dev.loupe.kernels.StoredRows;
import dev.loupe.kernels.Threads;

import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;
import java.util.Map;
import java.util.Objects;

/** A checkpoint that does not fit its configuration is refused, with the tensor's name. */
class GptLoaderTest {
    private final Map<String, StoredRows> tensors = TinyGpt.tensors(1);

    private StoredRows take(String name) {
        return Objects.requireNonNull(tensors.remove(name));
    }

    private AbstractThrowableAssert<?, ? extends Throwable> loading() {
        return assertThatThrownBy(
                () -> GptLoader.load(TinyGpt.config(), TinyGpt.source(tensors), new Threads(1)));
    }

    @Test
    void everyMissingTensorIsNamed() {
        for (String name : List.copyOf(tensors.keySet())) {
            StoredRows taken = take(name);
            loading()
                    .isInstanceOf(CheckpointException.class)
                    .hasMessage(
                            "tensor %s: not in the file, expected [%d, %d]",
                            name, taken.rows(), taken.cols());
            tensors.put(name, taken);
        }
    }

    @Test
    void everyWrongShapeIsNamed() {
        for (String name : List.copyOf(tensors.keySet())) {
            StoredRows right = take(name);
            int rows = right.rows() + 1;
            int cols = right.cols();
            tensors.put(name, TinyGpt.stored(name, rows, cols, new float[rows * cols]));
            loading()
                    .isInstanceOf(CheckpointException.class)
                    .hasMessage(
                            "tensor %s: found shape [%d, %d], expected [%d, %d]",
                            name, rows, cols, rows - 1, cols);
            tensors.put(name, right);
        }
    }

    @Test
    void aTensorThatIsLeftOverIsNamed() {
        tensors.put("blk.0.attn_q.bias", TinyGpt.stored("blk.0.attn_q.bias", 1, 32, new float[32]));
        loading()
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("blk.0.attn_q.bias has no place");
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void everyTensorWithANumberThatIsNotFiniteIsNamed(float bad) {
        for (String name : List.copyOf(tensors.keySet())) {
            StoredRows right = take(name);
            float[] numbers = new float[right.rows() * right.cols()];
            numbers[numbers.length - 1] = bad;
            tensors.put(name, TinyGpt.stored(name, right.rows(), right.cols(), numbers));
            loading()
                    .isInstanceOfAny(CheckpointException.class, NonFiniteException.class)
                    .hasMessageContaining(name)
                    .hasMessageContaining(String.valueOf(bad));
            tensors.put(name, right);
        }
    }

    @Test
    void oneMatrixForQueriesKeysAndValuesIsTheSameModel() {
        Gpt apart = TinyGpt.of(1, new Threads(1));
        StoredRows q = take("blk.0.attn_q.weight");
        StoredRows k = take("blk.0.attn_k.weight");
        StoredRows v = take("blk.0.attn_v.weight");
        float[] all = new float[64 * 32];
        int row = 0;
        for (StoredRows part : List.of(q, k, v)) {
            for (int r = 0; r < part.rows(); r++, row++) {
                Blocks.decode(part.type(), part.row(r), 0, 32, all, row * 32);
            }
        }
        String name = "blk.0.attn_qkv.weight";
        tensors.put(name, TinyGpt.stored(name, 64, 32, all));
        Gpt together = GptLoader.load(TinyGpt.config(), TinyGpt.source(tensors), new Threads(1));
        for (int r = 0; r < 64; r++) {
            assertThat(row(together, r)).isEqualTo(row(apart, r));
        }
    }

    private static float[] row(Gpt gpt, int r) {
        float[] row = new float[32];
        gpt.blocks().getFirst().attn().qkv().weight().row(r, row, 0);
        return row;
    }
}
