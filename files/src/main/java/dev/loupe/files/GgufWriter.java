package dev.loupe.files;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;

/**
 * Writes a GGUF file, version 3, little-endian, with tensors aligned to 32 bytes. Metadata keys
 * appear in the order in which they were first put, tensors in the order in which they were added.
 *
 * <pre>{@code
 * new GgufWriter()
 *         .string("general.architecture", "llama")
 *         .integer("llama.block_count", 30)
 *         .tensor(NewTensor.copyOf(table, List.of(49152L, 576L)))
 *         .write(Path.of("model.gguf"));
 * }</pre>
 */
public final class GgufWriter {
    private static final int ALIGNMENT = GgufHeader.DEFAULT_ALIGNMENT;

    /** ggml keeps a name in 64 bytes with a zero at the end. */
    private static final int MAX_NAME = 63;

    private final SequencedMap<String, byte[]> values = new LinkedHashMap<>();
    private final List<NewTensor> tensors = new ArrayList<>();
    private final Set<String> names = new HashSet<>();

    public GgufWriter string(String key, String value) {
        return put(key, GgufType.STRING, value);
    }

    public GgufWriter flag(String key, boolean value) {
        return put(key, GgufType.BOOL, value);
    }

    /**
     * A count, size or id, as the unsigned 32-bit number that llama.cpp expects.
     *
     * @throws IllegalArgumentException if it is negative or exceeds 32 bits
     */
    public GgufWriter integer(String key, long value) {
        if (value < 0 || value > 0xFFFF_FFFFL) {
            throw new IllegalArgumentException(key + ": " + value + " is not a 32-bit count");
        }
        return put(key, GgufType.UINT32, value);
    }

    /** A number, as a 32-bit float. */
    public GgufWriter number(String key, double value) {
        return put(key, GgufType.FLOAT32, value);
    }

    public GgufWriter strings(String key, List<String> value) {
        return put(key, GgufType.STRING, List.copyOf(value));
    }

    /** Integers, as signed 32-bit numbers. */
    public GgufWriter integers(String key, int... value) {
        long[] wide = new long[value.length];
        for (int i = 0; i < value.length; i++) {
            wide[i] = value[i];
        }
        return put(key, GgufType.INT32, wide);
    }

    /** Numbers, as 32-bit floats. */
    public GgufWriter numbers(String key, float... value) {
        double[] wide = new double[value.length];
        for (int i = 0; i < value.length; i++) {
            wide[i] = value[i];
        }
        return put(key, GgufType.FLOAT32, wide);
    }

    public GgufWriter flags(String key, boolean... value) {
        return put(key, GgufType.BOOL, value);
    }

    /** All metadata of another file, each value with the type that it has there. */
    public GgufWriter metadataOf(Gguf source) {
        source.types()
                .forEach((key, type) -> {
                    if (!key.equals(GgufHeader.ALIGNMENT)) {
                        put(key, type, source.metadata().raw(key).orElseThrow());
                    }
                });
        return this;
    }

    /** Leaves a key out that was put before. */
    public GgufWriter without(String key) {
        values.remove(key);
        return this;
    }

    /**
     * Adds a tensor.
     *
     * @throws IllegalArgumentException if the name is taken, empty, or longer than 63 bytes
     */
    public GgufWriter tensor(NewTensor tensor) {
        int length = tensor.name().getBytes(StandardCharsets.UTF_8).length;
        if (length == 0 || length > MAX_NAME) {
            throw new IllegalArgumentException(
                    "tensor '" + tensor.name() + "': a GGUF name has 1 to " + MAX_NAME + " bytes");
        }
        if (!names.add(tensor.name())) {
            throw new IllegalArgumentException("tensor '" + tensor.name() + "' was added before");
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
        NewFile.write(file, this::writeTo);
    }

    private void writeTo(WritableByteChannel out) throws IOException {
        byte[] header = header();
        NewFile.writeFully(out, ByteBuffer.wrap(header));
        pad(out, header.length);
        for (NewTensor tensor : tensors) {
            tensor.writeTo(out);
            pad(out, tensor.bytes());
        }
    }

    private byte[] header() {
        Encoder header = new Encoder();
        header.bytes.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
        header.int32(3);
        header.int64(tensors.size());
        header.int64(values.size());
        for (Map.Entry<String, byte[]> value : values.entrySet()) {
            header.text(value.getKey());
            header.bytes.writeBytes(value.getValue());
        }
        long offset = 0;
        for (NewTensor tensor : tensors) {
            header.text(tensor.name());
            List<Long> shape = tensor.shape().isEmpty() ? List.of(1L) : tensor.shape();
            header.int32(shape.size());
            shape.reversed().forEach(header::int64);
            header.int32(tensor.type().id());
            header.int64(offset);
            offset = Math.addExact(offset, aligned(tensor.bytes()));
        }
        return header.bytes.toByteArray();
    }

    private static long aligned(long bytes) {
        return Math.ceilDiv(bytes, (long) ALIGNMENT) * ALIGNMENT;
    }

    private static void pad(WritableByteChannel out, long bytes) throws IOException {
        NewFile.writeFully(out, ByteBuffer.allocate((int) (aligned(bytes) - bytes)));
    }

    private GgufWriter put(String key, GgufType type, Object value) {
        Encoder encoder = new Encoder();
        if (value instanceof List || value.getClass().isArray()) {
            encoder.int32(GgufType.ARRAY);
            encoder.int32(type.id());
            encoder.array(type, value);
        } else {
            encoder.int32(type.id());
            encoder.value(type, value);
        }
        values.put(key, encoder.bytes.toByteArray());
        return this;
    }

    /** Values as bytes. */
    private static final class Encoder {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final ByteBuffer eight = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);

        void int32(int value) {
            integer(value, 4);
        }

        void int64(long value) {
            integer(value, 8);
        }

        void text(String text) {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            int64(utf8.length);
            bytes.writeBytes(utf8);
        }

        void value(GgufType type, Object value) {
            switch (type) {
                case STRING -> text((String) value);
                case BOOL -> integer((Boolean) value ? 1 : 0, 1);
                case FLOAT32 -> int32(Float.floatToIntBits(((Double) value).floatValue()));
                case FLOAT64 -> int64(Double.doubleToLongBits((Double) value));
                case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 ->
                        integer((Long) value, type.leastBytes());
            }
        }

        void array(GgufType type, Object array) {
            switch (array) {
                case List<?> strings -> {
                    int64(strings.size());
                    for (Object string : strings) {
                        text((String) string);
                    }
                }
                case boolean[] flags -> {
                    int64(flags.length);
                    for (boolean flag : flags) {
                        value(type, flag);
                    }
                }
                case long[] integers -> {
                    int64(integers.length);
                    for (long integer : integers) {
                        value(type, integer);
                    }
                }
                case double[] numbers -> {
                    int64(numbers.length);
                    for (double number : numbers) {
                        value(type, number);
                    }
                }
                default -> throw new IllegalArgumentException("no array of " + array.getClass());
            }
        }

        private void integer(long value, int size) {
            eight.putLong(0, value);
            bytes.write(eight.array(), 0, size);
        }
    }
}
