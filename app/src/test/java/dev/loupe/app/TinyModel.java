package dev.loupe.app;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The GPT-2 of the fixtures, with a tokenizer of its own: each printable ASCII character is a
 * token, and the rest of the vocabulary are pairs. It has no BOS.
 */
final class TinyModel {
    static final int VOCAB_SIZE = 317;

    private TinyModel() {}

    static Path write(Path folder) throws IOException {
        Files.createDirectories(folder);
        Path source = Outside.fixture("families/gpt2");
        for (String name : new String[] {"config.json", "model.safetensors"}) {
            Files.copy(source.resolve(name), folder.resolve(name));
        }
        ObjectMapper mapper = new ObjectMapper();
        ObjectNode tokenizer = mapper.createObjectNode();
        ObjectNode model = tokenizer.putObject("model");
        model.put("type", "BPE").putArray("merges");
        ObjectNode vocab = model.putObject("vocab");
        for (int id = 0; id < VOCAB_SIZE; id++) {
            vocab.put(token(id), id);
        }
        tokenizer
                .putObject("pre_tokenizer")
                .put("type", "ByteLevel")
                .put("add_prefix_space", false);
        tokenizer.putObject("decoder").put("type", "ByteLevel");
        mapper.writeValue(folder.resolve("tokenizer.json").toFile(), tokenizer);
        return folder;
    }

    private static String token(int id) {
        return id < 94
                ? Character.toString('!' + id)
                : Character.toString('a' + id % 26) + (id / 26);
    }

    /** Writes a number into a tensor of the folder. */
    static void poison(Path folder, String tensor, float value) throws IOException {
        Path file = folder.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int header = (int) buffer.getLong(0);
        JsonNode json =
                new ObjectMapper().readTree(new String(bytes, 8, header, StandardCharsets.UTF_8));
        int offset = json.get(tensor).get("data_offsets").get(0).intValue();
        buffer.putFloat(8 + header + offset + 4, value);
        Files.write(file, bytes);
    }
}
