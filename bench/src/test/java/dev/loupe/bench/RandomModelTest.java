package dev.loupe.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loupe.files.Gguf;
import dev.loupe.files.LocalModel;
import dev.loupe.kernels.Tensor;
import dev.loupe.kernels.TensorType;
import dev.loupe.model.Batch;
import dev.loupe.model.Inference;
import dev.loupe.model.KvCache;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

class RandomModelTest {
    @TempDir private Path folder;

    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16"})
    void aRandomModelRunsAndItsLogitsDifferWithTheToken(TensorType type) {
        Path file = folder.resolve("tiny.gguf");
        RandomModel.write(file, ModelShape.TINY, type);
        try (LocalModel model = LocalModel.load(file, 1)) {
            Batch batch = new Batch(new Batch.Part(new KvCache(model.gpt().config()), false, 5, 6));
            Tensor logits =
                    model.gpt().logits(new Inference(model.processor()), batch, batch.allRows());
            assertThat(logits.cols()).isEqualTo(ModelShape.TINY.vocabSize());
            for (int c = 0; c < logits.cols(); c++) {
                assertThat(logits.at(0, c)).isFinite().isNotEqualTo(logits.at(1, c));
                assertThat(Math.abs(logits.at(0, c))).isLessThan(10);
            }
        }
    }

    @Test
    void itsTokenizerGivesEveryTextBack() {
        Path file = folder.resolve("tiny.gguf");
        RandomModel.write(file, ModelShape.TINY, TensorType.F16);
        try (LocalModel model = LocalModel.load(file, 1)) {
            int[] ids = model.tokenizer().orElseThrow().encode("caf\u00e9, 3 \u2713");
            assertThat(model.tokenizer().orElseThrow().decode(ids)).contains("caf\u00e9, 3 \u2713");
        }
    }

    @Test
    void itsWeightsAreNormalAndTheSameEachTime() throws IOException {
        Path one = folder.resolve("one.gguf");
        Path two = folder.resolve("two.gguf");
        RandomModel.write(one, ModelShape.TINY, TensorType.F16);
        RandomModel.write(two, ModelShape.TINY, TensorType.F16);
        assertThat(Files.mismatch(one, two)).isEqualTo(-1);
        try (Gguf gguf = Gguf.open(one)) {
            assertThat(gguf.shape("blk.1.ffn_down.weight")).isEqualTo(List.of(256L, 512L));
            double squares = 0;
            double sum = 0;
            int cols = 512;
            for (int c = 0; c < cols; c++) {
                float w =
                        Float.float16ToFloat(
                                gguf.tensor("blk.1.ffn_down.weight")
                                        .row(7)
                                        .get(
                                                java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED,
                                                2L * c));
                sum += w;
                squares += w * w;
            }
            assertThat(Math.sqrt(squares / cols)).isBetween(0.018, 0.022);
            assertThat(sum / cols).isBetween(-0.004, 0.004);
        }
    }

    @Test
    void aTypeOfBlocksIsRefused() {
        Path file = folder.resolve("tiny.gguf");
        assertThatThrownBy(() -> RandomModel.write(file, ModelShape.TINY, TensorType.Q4_0))
                .hasMessage("type: found Q4_0, expected F16 or BF16");
        assertThat(file).doesNotExist();
    }

    @Test
    void theWeightsOfAOneBillionModelAreCounted() {
        // the tensors of the blocks that `loupe show` lists: attention and MLP without norms
        assertThat(ModelShape.LLAMA_1B.blockWeights()).isEqualTo(973_078_528L);
    }
}
