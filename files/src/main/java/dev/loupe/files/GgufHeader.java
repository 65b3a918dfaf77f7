package dev.loupe.files;

import dev.loupe.kernels.TensorType;
import dev.loupe.model.StoredTensor;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * What stands before the tensors' bytes in a GGUF file, checked.
 *
 * @param values each key's value, as {@link Metadata} describes them
 * @param types the type that each value, or each element of an array, has in the file
 * @param tensors by name, in the order of the file
 * @param shapes each tensor's dimensions, the outermost first
 */
record GgufHeader(
        Path file,
        SequencedMap<String, Object> values,
        Map<String, GgufType> types,
        SequencedMap<String, StoredTensor> tensors,
        Map<String, List<Long>> shapes) {
    static final int DEFAULT_ALIGNMENT = 32;
    static final String ALIGNMENT = "general.alignment";

    private static final int MAGIC = 'G' | 'G' << 8 | 'U' << 16 | 'F' << 24;
    private static final int MAX_KEYS = 65_536;
    private static final int MAX_TENSORS = 100_000;
    private static final int MAX_ALIGNMENT = 65_536;
    private static final int MAX_DIMENSIONS = 4;

    /** A key's least: an empty name, a type, a byte. */
    private static final int LEAST_KEY_BYTES = 8 + 4 + 1;

    /** A tensor's least: an empty name, one dimension, type and offset. */
    private static final int LEAST_TENSOR_BYTES = 8 + 4 + 8 + 4 + 8;

    /** A tensor as the header lists it; its place is only known when the header's end is. */
    private record Entry(String name, TensorType type, List<Long> shape, long offset, long bytes) {}

    static GgufHeader parse(Path file, MemorySegment bytes) {
        return new Parser(file, bytes).parse();
    }

    private static final class Parser {
        private final Path file;
        private final MemorySegment bytes;
        private final GgufCursor in;
        private final SequencedMap<String, Object> values = new LinkedHashMap<>();
        private final Map<String, GgufType> types = new LinkedHashMap<>();

        Parser(Path file, MemorySegment bytes) {
            this.file = file;
            this.bytes = bytes;
            this.in = new GgufCursor(file, bytes);
        }

        GgufHeader parse() {
            if (in.int32("magic") != MAGIC) {
                throw new ModelFileException(file, "magic", "other bytes", "GGUF");
            }
            version(in.int32("version"));
            int tensorCount = in.count("tensor count", LEAST_TENSOR_BYTES, MAX_TENSORS);
            int keyCount = in.count("metadata count", LEAST_KEY_BYTES, MAX_KEYS);
            for (int i = 0; i < keyCount; i++) {
                keyAndValue();
            }
            refuseParts();
            int alignment = alignment();
            SequencedMap<String, Entry> entries = new LinkedHashMap<>();
            for (int i = 0; i < tensorCount; i++) {
                Entry entry = entry(i, alignment);
                if (entries.put(entry.name(), entry) != null) {
                    throw new ModelFileException(
                            file, "tensor '" + entry.name() + "'", "it twice", "each name once");
                }
            }
            return place(entries, alignment);
        }

        private void version(int version) {
            if ((version & 0xFFFF) == 0 && version != 0) {
                throw new ModelFileException(
                        file, "version", "big-endian numbers", "a little-endian GGUF file");
            }
            if (version != 2 && version != 3) {
                throw new ModelFileException(
                        file,
                        "version",
                        Integer.toUnsignedString(version),
                        version == 1 ? "2 or 3; get a newer file of the model" : "2 or 3");
            }
        }

        private void keyAndValue() {
            String key = in.name("metadata key", 65_535);
            int id = in.int32("type of " + key);
            boolean array = id == GgufType.ARRAY;
            if (array) {
                id = in.int32("element type of " + key);
                if (id == GgufType.ARRAY) {
                    throw new ModelFileException(
                            file, key, "an array of arrays", "an array of plain values");
                }
            }
            int found = id;
            GgufType type =
                    GgufType.ofId(id)
                            .orElseThrow(() ->
                                    new ModelFileException(
                                            file,
                                            "type of " + key,
                                            Integer.toUnsignedString(found),
                                            "a type from 0 to 12"));
            Object value = array ? in.array(type, key) : in.value(type, key);
            if (values.put(key, value) != null) {
                throw new ModelFileException(
                        file, "metadata key " + key, "it twice", "each key once");
            }
            types.put(key, type);
        }

        private void refuseParts() {
            Object parts = values.getOrDefault("split.count", 0L);
            if (parts instanceof Long count && count > 1) {
                throw new ModelFileException(
                        file,
                        "is one of "
                                + count
                                + " parts of a model; join them with llama-gguf-split --merge");
            }
        }

        private int alignment() {
            Object value = values.getOrDefault(ALIGNMENT, (long) DEFAULT_ALIGNMENT);
            if (value instanceof Long alignment
                    && alignment >= 8
                    && alignment <= MAX_ALIGNMENT
                    && Long.bitCount(alignment) == 1) {
                return alignment.intValue();
            }
            throw new ModelFileException(
                    file,
                    ALIGNMENT,
                    value instanceof Number ? value : value.getClass().getSimpleName(),
                    "a power of two from 8 to " + MAX_ALIGNMENT);
        }

        private Entry entry(int index, int alignment) {
            String name = in.name("name of tensor " + index, 255);
            String field = "tensor '" + GgufCursor.shortened(name) + "'";
            int dimensions = in.int32(field);
            if (dimensions < 1 || dimensions > MAX_DIMENSIONS) {
                throw new ModelFileException(
                        file,
                        field,
                        Integer.toUnsignedString(dimensions) + " dimensions",
                        "1 to " + MAX_DIMENSIONS);
            }
            List<Long> shape = new ArrayList<>();
            for (int i = 0; i < dimensions; i++) {
                shape.addFirst(in.int64(field));
            }
            int id = in.int32(field);
            TensorType type =
                    TensorType.ofId(id)
                            .orElseThrow(() ->
                                    new ModelFileException(
                                            file,
                                            field,
                                            "type " + Integer.toUnsignedString(id),
                                            "one of " + List.of(TensorType.values())));
            long offset = in.int64(field);
            if (offset < 0 || offset % alignment != 0) {
                throw new ModelFileException(
                        file,
                        field,
                        "offset " + Long.toUnsignedString(offset),
                        "a multiple of the alignment " + alignment);
            }
            TensorShape rows = TensorShape.of(file, field, shape);
            return new Entry(name, type, List.copyOf(shape), offset, rows.bytes(file, field, type));
        }

        private GgufHeader place(SequencedMap<String, Entry> entries, int alignment) {
            long start = Math.ceilDiv(in.position(), (long) alignment) * alignment;
            long size = Math.max(0, bytes.byteSize() - start);
            List<Entry> byOffset = new ArrayList<>(entries.values());
            byOffset.sort(Comparator.comparingLong(Entry::offset));
            long end = 0;
            for (Entry entry : byOffset) {
                String field = "tensor '" + GgufCursor.shortened(entry.name()) + "'";
                if (entry.bytes() > size || entry.offset() > size - entry.bytes()) {
                    throw new ModelFileException(
                            file,
                            field,
                            entry.bytes() + " bytes at offset " + entry.offset(),
                            "no more than the " + size + " bytes of data that the file has");
                }
                if (entry.offset() < end) {
                    throw new ModelFileException(
                            file,
                            field,
                            "offset " + entry.offset(),
                            "at least " + end + ", where the tensor before it ends");
                }
                end = entry.offset() + entry.bytes();
            }
            SequencedMap<String, StoredTensor> tensors = new LinkedHashMap<>();
            Map<String, List<Long>> shapes = new LinkedHashMap<>();
            for (Entry e : entries.values()) {
                TensorShape rows = TensorShape.of(file, e.name(), e.shape());
                MemorySegment data = bytes.asSlice(start + e.offset(), e.bytes());
                tensors.put(
                        e.name(),
                        new StoredTensor(e.name(), e.type(), rows.rows(), rows.cols(), data));
                shapes.put(e.name(), e.shape());
            }
            return new GgufHeader(file, values, types, tensors, shapes);
        }
    }
}
