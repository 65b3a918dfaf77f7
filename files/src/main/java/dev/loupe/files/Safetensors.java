package dev.loupe.files;

import dev.loupe.kernels.TensorType;
import dev.loupe.model.StoredTensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.Set;

/**
 * A safetensors checkpoint: one file, or the shards that a {@code model.safetensors.index.json}
 * lists (format: the README of huggingface/safetensors). Tensors of F32, F16 and BF16 can be used;
 * others may be there, and are named when someone asks for them.
 */
public final class Safetensors implements TensorFile {
    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";

    private final Path path;
    private final Arena arena;
    private final SequencedMap<String, Place> tensors;

    /** Where a tensor is: its shard's file and bytes, and its entry there. */
    private record Place(Path file, MemorySegment bytes, SafetensorsHeader.Entry entry) {}

    private Safetensors(Path path, Arena arena, SequencedMap<String, Place> tensors) {
        this.path = path;
        this.arena = arena;
        this.tensors = tensors;
    }

    /**
     * Maps a checkpoint and checks all its headers.
     *
     * @param path a {@code .safetensors} file, an index, or a folder with {@code model.safetensors}
     *     or {@code model.safetensors.index.json}
     * @throws ModelFileException if it is not a safetensors checkpoint that Loupe reads
     */
    @SuppressWarnings("MustBeClosedChecker") // the arena is closed with what is returned
    public static Safetensors open(Path path) {
        Path file = Files.isDirectory(path) ? inFolder(path) : path;
        FileKind kind = FileKind.of(file);
        Arena arena = Arena.ofShared();
        try {
            SequencedMap<String, Place> tensors =
                    switch (kind) {
                        case SAFETENSORS ->
                                places(
                                        file,
                                        MappedFile.map(file, arena),
                                        SafetensorsHeader.MAX_BYTES);
                        case JSON -> sharded(file, arena);
                        case GGUF ->
                                throw new ModelFileException(
                                        file, "start of file", "GGUF", "safetensors");
                    };
            return new Safetensors(path, arena, tensors);
        } catch (RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    private static Path inFolder(Path folder) {
        for (String name : List.of(SINGLE, INDEX)) {
            if (Files.exists(folder.resolve(name))) {
                return folder.resolve(name);
            }
        }
        for (String name : List.of("pytorch_model.bin", "pytorch_model.bin.index.json")) {
            if (Files.exists(folder.resolve(name))) {
                throw new ModelFileException(
                        folder,
                        "has only a pickled checkpoint ("
                                + name
                                + "), which runs code when it is loaded, so Loupe does not; to"
                                + " convert it, "
                                + FileKind.howToConvert());
            }
        }
        throw new ModelFileException(folder, "has neither " + SINGLE + " nor " + INDEX);
    }

    private static SequencedMap<String, Place> places(Path file, MemorySegment bytes, long most) {
        SequencedMap<String, Place> places = new LinkedHashMap<>();
        SafetensorsHeader.parse(file, bytes, most)
                .forEach((name, entry) -> places.put(name, new Place(file, bytes, entry)));
        return places;
    }

    private static SequencedMap<String, Place> sharded(Path index, Arena arena) {
        Map<String, SequencedMap<String, Place>> shards = new HashMap<>();
        SequencedMap<String, Place> tensors = new LinkedHashMap<>();
        // a thousand shards may not cost a thousand times what a file may
        long left = SafetensorsHeader.MAX_BYTES;
        for (Map.Entry<String, String> tensor : SafetensorsIndex.read(index).entrySet()) {
            String name = tensor.getKey();
            String shard = tensor.getValue();
            if (!shards.containsKey(shard)) {
                Path file = index.resolveSibling(shard);
                MemorySegment bytes = MappedFile.map(file, arena);
                shards.put(shard, places(file, bytes, left));
                left -= SafetensorsHeader.length(file, bytes, left);
            }
            Place place = Objects.requireNonNull(shards.get(shard)).get(name);
            if (place == null) {
                throw new ModelFileException(index, "tensor '" + name + "' is not in " + shard);
            }
            tensors.put(name, place);
        }
        return tensors;
    }

    @Override
    public Path path() {
        return path;
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(tensors.keySet());
    }

    @Override
    public List<Long> shape(String name) {
        return place(name).entry().shape();
    }

    @Override
    public StoredTensor tensor(String name) {
        Place place = place(name);
        SafetensorsHeader.Entry entry = place.entry();
        String field = "tensor '" + GgufCursor.shortened(name) + "'";
        TensorType type =
                switch (entry.dtype()) {
                    case "F32" -> TensorType.F32;
                    case "F16" -> TensorType.F16;
                    case "BF16" -> TensorType.BF16;
                    default ->
                            throw new ModelFileException(
                                    place.file(),
                                    field,
                                    "dtype " + entry.dtype(),
                                    "F32, F16 or BF16");
                };
        TensorShape shape = TensorShape.of(place.file(), field, entry.shape());
        MemorySegment data = place.bytes().asSlice(entry.start(), entry.bytes());
        return new StoredTensor(name, type, shape.rows(), shape.cols(), data);
    }

    private Place place(String name) {
        Place place = tensors.get(name);
        if (place == null) {
            throw new ModelFileException(path, "no tensor '" + name + "'");
        }
        return place;
    }

    @Override
    public void close() {
        arena.close();
    }
}
