package dev.loupe.explorer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.files.Npz;
import dev.loupe.inside.NamedArray;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What goes back to a page.
 *
 * @param type of the content
 */
record Answer(String type, byte[] bytes) {
    static final ObjectMapper MAPPER = new ObjectMapper();

    private static final int APART = 8;

    static Answer json(JsonNode node) {
        try {
            return new Answer("application/json", MAPPER.writeValueAsBytes(node));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A header of JSON behind its length, and the numbers of all arrays behind that. */
    static Answer tensors(List<NamedArray> arrays) {
        ObjectNode header = MAPPER.createObjectNode();
        ArrayNode list = header.putArray("arrays");
        long size = 0;
        for (NamedArray array : arrays) {
            ObjectNode entry = list.addObject().put("name", array.name()).put("offset", size);
            ArrayNode shape = entry.putArray("shape");
            for (int n : array.shape()) {
                shape.add(n);
            }
            size += (long) Float.BYTES * array.values().length;
        }
        byte[] text = header.toString().getBytes(StandardCharsets.UTF_8);
        int padded = (text.length + 4 + APART - 1) / APART * APART - 4;
        ByteBuffer buffer =
                ByteBuffer.allocate(Math.toIntExact(4 + padded + size))
                        .order(ByteOrder.LITTLE_ENDIAN);
        buffer.putInt(padded).put(text);
        while (buffer.position() < 4 + padded) {
            buffer.put((byte) ' ');
        }
        for (NamedArray array : arrays) {
            buffer.asFloatBuffer().put(array.values());
            buffer.position(buffer.position() + Float.BYTES * array.values().length);
        }
        return new Answer("application/octet-stream", buffer.array());
    }

    /** A file for NumPy. */
    static Answer npz(List<NamedArray> arrays) {
        List<Npz.Array> all = new ArrayList<>();
        for (NamedArray array : arrays) {
            all.add(new Npz.Floats(array.name(), array.shape(), array.values()));
        }
        try {
            Path file = Files.createTempFile("loupe", ".npz");
            try {
                Npz.write(file, all);
                return new Answer("application/zip", Files.readAllBytes(file));
            } finally {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new ApiException(500, "the file cannot be made: " + e.getMessage());
        }
    }
}
