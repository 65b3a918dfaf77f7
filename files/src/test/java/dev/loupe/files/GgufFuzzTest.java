package dev.loupe.files;

import com.code_intelligence.jazzer.junit.FuzzTest;

import dev.loupe.kernels.Blocks;
import dev.loupe.model.StoredTensor;

import org.junit.jupiter.api.Tag;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** No bytes make the GGUF reader fail other than by refusing them. */
@Tag("fuzz")
class GgufFuzzTest {
    private static final byte[] GOOD =
            new GgufBytes().everyType().tensor("a", 0, 2, 4).tensor("b", 8, 32, 1).bytes();

    @FuzzTest(maxDuration = "20s")
    void anyBytesAreReadOrRefused(byte[] bytes) throws IOException {
        read(bytes);
        // most changes of a good file reach further than bytes from nothing
        byte[] changed = GOOD.clone();
        for (int i = 0; i + 2 < bytes.length; i += 3) {
            int at = Math.floorMod((bytes[i] << 8) + bytes[i + 1], changed.length);
            changed[at] = bytes[i + 2];
        }
        read(changed);
    }

    private static void read(byte[] bytes) throws IOException {
        Path file = Files.createTempFile("fuzz", ".gguf");
        try {
            Files.write(file, bytes);
            try (Gguf gguf = Gguf.open(file)) {
                for (StoredTensor tensor : gguf.tensors().values()) {
                    int count = tensor.type().blockSize();
                    Blocks.decode(tensor.type(), tensor.data(), 0, count, new float[count], 0);
                }
            } catch (ModelFileException refused) {
                // what a reader may do
            }
        } finally {
            Files.delete(file);
        }
    }
}
