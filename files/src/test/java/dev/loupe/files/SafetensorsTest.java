package dev.loupe.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loupe.kernels.TensorType;
import dev.loupe.model.StoredTensor;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

class SafetensorsTest {
    @TempDir Path folder;

    @Test
    void readsTensorsOfTheFloatTypesAndNamesOthersWhenUsed() {
        Path file =
                write(
                        "one.safetensors",
                        """
                        {"__metadata__":{"format":"pt"},
                         "a":{"dtype":"F32","shape":[2,1,2],"data_offsets":[0,16]},
                         "h":{"dtype":"BF16","shape":[3],"data_offsets":[16,22]},
                         "i":{"dtype":"I64","shape":[],"data_offsets":[22,30]}}
                        """,
                        30);
        try (TensorFile checkpoint = TensorFile.open(file)) {
            assertThat(checkpoint).isInstanceOf(Safetensors.class);
            assertThat(checkpoint.names()).containsExactly("a", "h", "i");
            assertThat(checkpoint.shape("a")).containsExactly(2L, 1L, 2L);
            assertThat(checkpoint.shape("i")).isEmpty();
            StoredTensor a = checkpoint.tensor("a");
            assertThat(a.rows()).isEqualTo(2);
            assertThat(a.cols()).isEqualTo(2);
            assertThat(a.row(1).get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 8);
            assertThat(checkpoint.tensor("h").type()).isEqualTo(TensorType.BF16);
            assertThat(checkpoint.tensor("h").rows()).isEqualTo(1);
            assertThatThrownBy(() -> checkpoint.tensor("i"))
                    .isInstanceOf(ModelFileException.class)
                    .hasMessageContaining("tensor 'i': found dtype I64, expected F32, F16 or BF16");
        }
    }

    @Test
    void theHeadersOfAllShardsTogetherAreBounded() throws IOException {
        String entry = "{\"%s\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}%s}";
        String room = " ".repeat(9 << 20);
        write("x.safetensors", entry.formatted("a", room), 4);
        write("y.safetensors", entry.formatted("b", room), 4);
        Files.writeString(
                folder.resolve("model.safetensors.index.json"),
                "{\"weight_map\":{\"a\":\"x.safetensors\",\"b\":\"y.safetensors\"}}");
        assertThatThrownBy(() -> Safetensors.open(folder))
                .isInstanceOf(ModelFileException.class)
                .hasMessageContainingAll("y.safetensors: header length", "bytes for all headers");
    }

    @Test
    void readsTheShardsOfAFolder() throws IOException {
        String entry = "{\"%s\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}";
        write("x.safetensors", entry.formatted("a"), 4);
        write("y.safetensors", entry.formatted("b"), 4);
        Files.writeString(
                folder.resolve("model.safetensors.index.json"),
                """
                {"metadata":{"total_size":8},
                 "weight_map":{"b":"y.safetensors","a":"x.safetensors"}}
                """);
        try (TensorFile checkpoint = TensorFile.open(folder)) {
            assertThat(checkpoint.names()).containsExactly("b", "a");
            assertThat(checkpoint.tensor("a").data().byteSize()).isEqualTo(4);
        }
    }

    @Test
    void readsWhatTransformersWrites() {
        try (TensorFile checkpoint = TensorFile.open(Outside.fixture("families/gpt2"))) {
            StoredTensor wte = checkpoint.tensor("transformer.wte.weight");
            assertThat(wte.rows()).isEqualTo(317);
            assertThat(wte.cols()).isEqualTo(96);
        }
    }

    /** A file of this header and data bytes 0, 1, 2, ... */
    private Path write(String name, String header, int dataBytes) {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        byte[] data = new byte[dataBytes];
        for (int i = 0; i < dataBytes; i++) {
            data[i] = (byte) i;
        }
        return GgufBytes.write(
                folder.resolve(name), GgufBytes.join(GgufBytes.int64(json.length), json, data));
    }
}
