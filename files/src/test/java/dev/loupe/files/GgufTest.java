package dev.loupe.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loupe.kernels.TensorType;
import dev.loupe.model.StoredTensor;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;

class GgufTest {
    @TempDir Path folder;

    @Test
    void readsMetadataOfEveryTypeAndTensorsInTheOrderOfTheFile() {
        Path file = new GgufBytes().everyType().tensor("b", 0, 3).tensor("a", 0, 2, 4).in(folder);
        try (Gguf gguf = Gguf.open(file)) {
            Metadata metadata = gguf.metadata();
            assertThat(metadata.integer("u8")).contains(255L);
            assertThat(metadata.integer("i8")).contains(-1L);
            assertThat(metadata.integer("u16")).contains(65535L);
            assertThat(metadata.integer("i16")).contains(-1L);
            assertThat(metadata.integer("u32")).contains(0xFFFF_FFFFL);
            assertThat(metadata.integer("i32")).contains(-1L);
            assertThat(metadata.integer("u64")).contains(Long.MAX_VALUE);
            assertThat(metadata.integer("i64")).contains(Long.MIN_VALUE);
            assertThat(metadata.number("f32")).contains(0.1f + 0.0);
            assertThat(metadata.number("f64")).contains(0.1);
            assertThat(metadata.flag("bool")).contains(true);
            assertThat(metadata.string("string")).contains("grüße\n");
            assertThat(metadata.strings("strings")).contains(List.of("a", "", "ß"));
            assertThat(metadata.integers("u8s").orElseThrow()).containsExactly(1, 255);
            assertThat(metadata.numbers("f32s").orElseThrow()).containsExactly(0.5);
            assertThat(metadata.flags("bools").orElseThrow()).containsExactly(false, true);
            assertThat(metadata.string("missing")).isEmpty();
            assertThatThrownBy(() -> metadata.string("u8"))
                    .isInstanceOf(ModelFileException.class)
                    .hasMessageContaining("u8: found Long, expected a string");
            assertThat(gguf.names()).containsExactly("b", "a");
            assertThat(gguf.shape("b")).containsExactly(3L);
            assertThat(gguf.shape("a")).containsExactly(4L, 2L);
            StoredTensor a = gguf.tensor("a");
            assertThat(List.of(a.rows(), a.cols())).containsExactly(4, 2);
            // the data section is 1, 2, 3, ..., and a starts at byte 32 of it
            assertThat(a.row(1).get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4)).isEqualTo(12f);
        }
    }

    @Test
    void readsVersion2AndOtherAlignments() {
        Path file = new GgufBytes().version(2).alignment(128).tensor("a", 0, 2).in(folder);
        try (Gguf gguf = Gguf.open(file)) {
            StoredTensor a = gguf.tensor("a");
            assertThat(a.row(0).get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4)).isEqualTo(2f);
        }
    }

    @Test
    void aMissingTensorIsNamed() {
        try (Gguf gguf = Gguf.open(new GgufBytes().tensor("a", 0, 2).in(folder))) {
            assertThatThrownBy(() -> gguf.tensor("output.weight"))
                    .isInstanceOf(ModelFileException.class)
                    .hasMessageEndingWith("no tensor 'output.weight'");
            assertThatThrownBy(() -> gguf.shape("b")).isInstanceOf(ModelFileException.class);
        }
    }

    @Test
    void theHeaderOfARealModelIsRead() {
        try (Gguf gguf = Gguf.open(Outside.realModel())) {
            assertThat(gguf.metadata().string("general.architecture")).contains("llama");
            assertThat(gguf.metadata().strings("tokenizer.ggml.tokens").orElseThrow())
                    .hasSize(49152);
            assertThat(gguf.names()).hasSize(272);
            StoredTensor table = gguf.tensor("token_embd.weight");
            assertThat(table.rows()).isEqualTo(49152);
            assertThat(table.cols()).isEqualTo(576);
            assertThat(gguf.tensor("blk.0.ffn_down.weight").type()).isEqualTo(TensorType.Q4_1);
        }
    }
}
