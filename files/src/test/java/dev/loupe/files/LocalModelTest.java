package dev.loupe.files;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What loading says of a folder whose tensors do not fit its configuration. */
class LocalModelTest {
    private static final String CONFIG =
            """
            {"model_type":"gpt2","vocab_size":2,"n_positions":4,"n_embd":8,"n_head":2,"n_layer":1}
            """;

    @TempDir Path folder;
    private final List<String> header = new ArrayList<>();
    private long bytes;

    @Test
    void aTensorThatIsMissingHasTheNameOfTheFolder() throws IOException {
        tensor("wte.weight", 2, 8);
        tensor("wpe.weight", 4, 8);
        tensor("h.0.ln_1.weight", 8);
        assertRefused("tensor transformer.h.0.ln_1.bias: not in the file, expected [1, 8]");
    }

    @Test
    void aTensorOfAnotherShapeHasTheNameOfTheFolder() throws IOException {
        tensor("transformer.wte.weight", 2, 8);
        tensor("transformer.wpe.weight", 5, 8);
        assertRefused("tensor transformer.wpe.weight: found shape [5, 8], expected [4, 8]");
    }

    @Test
    void aHugeTensorIsRefusedBeforeItIsTurned() throws IOException {
        tensor("wte.weight", 2, 8);
        tensor("wpe.weight", 4, 8);
        tensor("h.0.ln_1.weight", 8);
        tensor("h.0.ln_1.bias", 8);
        tensor("h.0.attn.c_attn.weight", 40_000, 30_000);
        assertRefused("tensor h.0.attn.c_attn.weight: found shape [30000, 40000]");
    }

    private void tensor(String name, long... shape) {
        long size = 4;
        List<String> sides = new ArrayList<>();
        for (long side : shape) {
            size *= side;
            sides.add(String.valueOf(side));
        }
        header.add(
                "\"%s\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[%d,%d]}"
                        .formatted(name, String.join(",", sides), bytes, bytes + size));
        bytes += size;
    }

    private void assertRefused(String why) throws IOException {
        Files.writeString(folder.resolve("config.json"), CONFIG);
        byte[] json = ("{" + String.join(",", header) + "}").getBytes(StandardCharsets.UTF_8);
        Path file = folder.resolve("model.safetensors");
        ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        // zeros that nobody wrote take no room on the disk
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            out.write(length.putLong(json.length).array());
            out.write(json);
            out.setLength(8 + json.length + bytes);
        }
        assertThatThrownBy(() -> LocalModel.load(folder, 1))
                .isInstanceOf(ModelFileException.class)
                .hasMessageContaining(why);
    }
}
