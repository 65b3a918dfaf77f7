package dev.loupe.files;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Writes one safetensors file with tensors of F32, F16 and BF16. Wider types come first, so that
 * every tensor is aligned to the size of its numbers.
 */
public final class SafetensorsWriter {
    private final List<NewTensor> tensors = new ArrayList<>();
    private final Set<String> names = new HashSet<>();

    /**
     * Adds a tensor.
     *
     * @throws IllegalArgumentException if the name is taken, or safetensors lacks the type
     */
    public SafetensorsWriter tensor(NewTensor tensor) {
        if (tensor.type().quantised()) {
            throw new IllegalArgumentException(
                    "tensor '" + tensor.name() + "': safetensors has no type " + tensor.type());
        }
        if (tensor.name().equals("__metadata__") || !names.add(tensor.name())) {
            throw new IllegalArgumentException("tensor '" + tensor.name() + "': the name is taken");
        }
        tensors.add(tensor);
        return this;
    }

    /**
     * Writes the file, whole or not at all; one that was there is replaced.
     *
     * @throws ModelFileException if it cannot be written
     */
    public void write(Path file) {
        List<NewTensor> ordered = new ArrayList<>(tensors);
        ordered.sort(
                Comparator.comparingInt((NewTensor tensor) -> tensor.type().blockBytes())
                        .reversed());
        NewFile.write(file, out -> write(ordered, out));
    }

    private static void write(List<NewTensor> tensors, WritableByteChannel out) throws IOException {
        byte[] header = header(tensors);
        ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        NewFile.writeFully(out, length.putLong(header.length).flip());
        NewFile.writeFully(out, ByteBuffer.wrap(header));
        for (NewTensor tensor : tensors) {
            tensor.writeTo(out);
        }
    }

    /** The format allows spaces after the JSON; they align the data to eight bytes. */
    private static byte[] header(List<NewTensor> tensors) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator json = new JsonFactory().createGenerator(bytes)) {
            json.writeStartObject();
            json.writeObjectFieldStart("__metadata__");
            // transformers asks for this key
            json.writeStringField("format", "pt");
            json.writeEndObject();
            long offset = 0;
            for (NewTensor tensor : tensors) {
                json.writeObjectFieldStart(tensor.name());
                json.writeStringField("dtype", tensor.type().name());
                json.writeArrayFieldStart("shape");
                for (long side : tensor.shape()) {
                    json.writeNumber(side);
                }
                json.writeEndArray();
                json.writeArrayFieldStart("data_offsets");
                json.writeNumber(offset);
                offset = Math.addExact(offset, tensor.bytes());
                json.writeNumber(offset);
                json.writeEndArray();
                json.writeEndObject();
            }
            json.writeEndObject();
        }
        int spaces = Math.floorMod(-bytes.size(), 8);
        bytes.writeBytes(" ".repeat(spaces).getBytes(StandardCharsets.US_ASCII));
        return bytes.toByteArray();
    }
}
