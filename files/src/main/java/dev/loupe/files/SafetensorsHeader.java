package dev.loupe.files;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/** The JSON that stands before the tensors' bytes in a safetensors file, checked. */
final class SafetensorsHeader {
    /** All headers of a checkpoint together; those of published shards stay below one megabyte. */
    static final long MAX_BYTES = 16 << 20;

    static final int MAX_TENSORS = 100_000;
    private static final int MAX_DIMENSIONS = 8;

    private static final Map<String, Integer> DTYPE_BYTES =
            Map.ofEntries(
                    Map.entry("BOOL", 1),
                    Map.entry("U8", 1),
                    Map.entry("I8", 1),
                    Map.entry("F8_E4M3", 1),
                    Map.entry("F8_E5M2", 1),
                    Map.entry("F8_E8M0", 1),
                    Map.entry("U16", 2),
                    Map.entry("I16", 2),
                    Map.entry("F16", 2),
                    Map.entry("BF16", 2),
                    Map.entry("U32", 4),
                    Map.entry("I32", 4),
                    Map.entry("F32", 4),
                    Map.entry("U64", 8),
                    Map.entry("I64", 8),
                    Map.entry("F64", 8),
                    Map.entry("C64", 8));

    /**
     * A tensor.
     *
     * @param start its first byte, counted from the start of the file
     */
    record Entry(String dtype, List<Long> shape, long start, long bytes) {}

    private final Path file;
    private final long dataStart;
    private final long dataSize;
    private final SequencedMap<String, Entry> entries = new LinkedHashMap<>();

    private SafetensorsHeader(Path file, long dataStart, long dataSize) {
        this.file = file;
        this.dataStart = dataStart;
        this.dataSize = dataSize;
    }

    /**
     * The tensors by name, in the order of the header.
     *
     * @param most how many bytes the header may have
     */
    static SequencedMap<String, Entry> parse(Path file, MemorySegment bytes, long most) {
        long length = length(file, bytes, most);
        byte[] json = bytes.asSlice(8, length).toArray(ValueLayout.JAVA_BYTE);
        SafetensorsHeader header =
                new SafetensorsHeader(file, 8 + length, bytes.byteSize() - 8 - length);
        JsonFile.parse(file, "header", json, header::read);
        header.refuseOverlaps();
        return header.entries;
    }

    /** How many bytes the header has, if that is no more than {@code most} and the file's. */
    static long length(Path file, MemorySegment bytes, long most) {
        long size = bytes.byteSize();
        if (size < 8) {
            throw new ModelFileException(file, "size", size, "at least 8 bytes");
        }
        long length =
                bytes.get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0);
        if (length < 2 || length > size - 8) {
            throw new ModelFileException(
                    file,
                    "header length",
                    Long.toUnsignedString(length),
                    "2 to the " + (size - 8) + " bytes that the file has");
        }
        if (length > most) {
            throw new ModelFileException(
                    file,
                    "header length",
                    length,
                    "at most %d of the %d bytes for all headers".formatted(most, MAX_BYTES));
        }
        return length;
    }

    private void read(JsonParser json) throws IOException {
        JsonFile.expect(file, "header", json, JsonToken.START_OBJECT, "an object");
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = json.currentName();
            json.nextToken();
            if (name.equals("__metadata__")) {
                json.skipChildren();
                continue;
            }
            if (entries.size() >= MAX_TENSORS) {
                throw new ModelFileException(
                        file, "header", "more tensors", "at most " + MAX_TENSORS);
            }
            String field = "tensor '" + GgufCursor.shortened(name) + "'";
            if (entries.put(name, entry(field, json)) != null) {
                throw new ModelFileException(file, field, "it twice", "each name once");
            }
        }
    }

    private Entry entry(String field, JsonParser json) throws IOException {
        JsonFile.expect(file, field, json, JsonToken.START_OBJECT, "an object");
        String dtype = null;
        List<Long> shape = null;
        List<Long> offsets = null;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String key = json.currentName();
            json.nextToken();
            switch (key) {
                case "dtype" -> {
                    JsonFile.expect(
                            file, field + " dtype", json, JsonToken.VALUE_STRING, "a string");
                    dtype = json.getText();
                }
                case "shape" -> shape = integers(field + " shape", json);
                case "data_offsets" -> offsets = integers(field + " data_offsets", json);
                default -> json.skipChildren();
            }
        }
        if (dtype == null || shape == null || offsets == null) {
            throw new ModelFileException(
                    file,
                    field,
                    dtype == null ? "no dtype" : shape == null ? "no shape" : "no data_offsets",
                    "dtype, shape and data_offsets");
        }
        return placed(field, dtype, shape, offsets);
    }

    private List<Long> integers(String field, JsonParser json) throws IOException {
        JsonFile.expect(file, field, json, JsonToken.START_ARRAY, "an array");
        List<Long> integers = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            JsonFile.expect(file, field, json, JsonToken.VALUE_NUMBER_INT, "integers");
            if (integers.size() == MAX_DIMENSIONS) {
                throw new ModelFileException(
                        file, field, "more integers", "at most " + MAX_DIMENSIONS);
            }
            integers.add(json.getLongValue());
        }
        return List.copyOf(integers);
    }

    private Entry placed(String field, String dtype, List<Long> shape, List<Long> offsets) {
        if (offsets.size() != 2
                || offsets.get(0) < 0
                || offsets.get(1) < offsets.get(0)
                || offsets.get(1) > dataSize) {
            throw new ModelFileException(
                    file,
                    field + " data_offsets",
                    offsets,
                    "[start, end] within the " + dataSize + " bytes of data that the file has");
        }
        long bytes = offsets.get(1) - offsets.get(0);
        Integer size = DTYPE_BYTES.get(dtype);
        if (size != null && bytes != bytes(field, shape, size)) {
            throw new ModelFileException(
                    file,
                    field,
                    bytes + " bytes",
                    bytes(field, shape, size) + " for " + dtype + " " + shape);
        }
        return new Entry(dtype, shape, dataStart + offsets.get(0), bytes);
    }

    private long bytes(String field, List<Long> shape, int size) {
        long bytes = size;
        for (long side : shape) {
            if (side < 0 || (side > 0 && bytes > Long.MAX_VALUE / side)) {
                throw new ModelFileException(
                        file, field + " shape", shape, "a tensor that fits the file");
            }
            bytes *= side;
        }
        return bytes;
    }

    private void refuseOverlaps() {
        List<Map.Entry<String, Entry>> byStart = new ArrayList<>(entries.entrySet());
        byStart.sort(
                Comparator.comparingLong(
                                (Map.Entry<String, Entry> named) -> named.getValue().start())
                        .thenComparingLong(named -> named.getValue().bytes()));
        long end = dataStart;
        for (Map.Entry<String, Entry> named : byStart) {
            if (named.getValue().start() < end) {
                throw new ModelFileException(
                        file,
                        "tensor '" + GgufCursor.shortened(named.getKey()) + "'",
                        "bytes from " + (named.getValue().start() - dataStart),
                        "from " + (end - dataStart) + " on, where the tensor before it ends");
            }
            end = named.getValue().start() + named.getValue().bytes();
        }
    }
}
