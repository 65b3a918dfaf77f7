package dev.loupe.files;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;

import org.junit.jupiter.api.Tag;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** No header makes the safetensors reader fail other than by refusing it. */
@Tag("fuzz")
class SafetensorsFuzzTest {
    @FuzzTest(maxDuration = "20s")
    void anyHeaderIsReadOrRefused(@NotNull String header) throws IOException {
        read(header);
        read(
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                        + header
                        + "\"b\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[8,16]}}");
        read("{\"weight_map\":{\"a\":\"" + header + "\"}}");
    }

    private static void read(String header) throws IOException {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        open(GgufBytes.join(GgufBytes.int64(json.length), json, new byte[16]));
        open(json);
    }

    private static void open(byte[] bytes) throws IOException {
        Path file = Files.createTempFile("fuzz", ".safetensors");
        try {
            Files.write(file, bytes);
            try (Safetensors checkpoint = Safetensors.open(file)) {
                for (String name : checkpoint.names()) {
                    use(checkpoint, name);
                }
            } catch (ModelFileException refused) {
                // what a reader may do
            }
        } finally {
            Files.delete(file);
        }
    }

    private static void use(Safetensors checkpoint, String name) {
        try {
            checkpoint.tensor(name);
        } catch (ModelFileException refused) {
            // a type that nothing computes with
        }
    }
}
