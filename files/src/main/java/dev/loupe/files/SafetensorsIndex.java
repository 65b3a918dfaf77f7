package dev.loupe.files;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.Set;

/** The list of a sharded checkpoint: which file has which tensor. */
final class SafetensorsIndex {
    private static final int MAX_SHARDS = 1000;

    private final Path file;
    private final SequencedMap<String, String> shardOf = new LinkedHashMap<>();

    private SafetensorsIndex(Path file) {
        this.file = file;
    }

    /**
     * Each tensor's shard, a name of a file beside the index.
     *
     * @throws ModelFileException if it is not an index, or names a file elsewhere
     */
    static SequencedMap<String, String> read(Path file) {
        byte[] json;
        try {
            long size = Files.size(file);
            if (size > SafetensorsHeader.MAX_BYTES) {
                throw new ModelFileException(
                        file, "size", size, "an index of at most " + SafetensorsHeader.MAX_BYTES);
            }
            json = Files.readAllBytes(file);
        } catch (IOException e) {
            throw new ModelFileException(file, "cannot be read: " + e.getMessage());
        }
        SafetensorsIndex index = new SafetensorsIndex(file);
        JsonFile.parse(file, "index", json, index::readIndex);
        if (index.shardOf.isEmpty()) {
            throw new ModelFileException(file, "weight_map", "nothing", "tensors and their files");
        }
        return index.shardOf;
    }

    private void readIndex(JsonParser json) throws IOException {
        JsonFile.expect(file, "index", json, JsonToken.START_OBJECT, "an object");
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            boolean weightMap = json.currentName().equals("weight_map");
            json.nextToken();
            if (weightMap) {
                JsonFile.expect(file, "weight_map", json, JsonToken.START_OBJECT, "an object");
                readWeightMap(json);
            } else {
                json.skipChildren();
            }
        }
    }

    private void readWeightMap(JsonParser json) throws IOException {
        Set<String> shards = new HashSet<>();
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = json.currentName();
            String field = "weight_map of '" + GgufCursor.shortened(name) + "'";
            json.nextToken();
            JsonFile.expect(file, field, json, JsonToken.VALUE_STRING, "a file's name");
            String shard = json.getText();
            if (!plainName(shard)) {
                throw new ModelFileException(
                        file,
                        field,
                        "'" + GgufCursor.shortened(shard) + "'",
                        "the name of a .safetensors file beside the index");
            }
            shards.add(shard);
            if (shards.size() > MAX_SHARDS || shardOf.size() >= SafetensorsHeader.MAX_TENSORS) {
                throw new ModelFileException(
                        file,
                        "weight_map",
                        "more",
                        "at most "
                                + MAX_SHARDS
                                + " files and "
                                + SafetensorsHeader.MAX_TENSORS
                                + " tensors");
            }
            if (shardOf.put(name, shard) != null) {
                throw new ModelFileException(file, field, "it twice", "each name once");
            }
        }
    }

    /** A shard lies beside its index: no separator of any system, no parent, no drive. */
    private static boolean plainName(String name) {
        return name.endsWith(".safetensors")
                && name.length() <= 255
                && name.chars().noneMatch(c -> c == '/' || c == '\\' || c == ':' || c < ' ')
                && !name.startsWith("..");
    }
}
