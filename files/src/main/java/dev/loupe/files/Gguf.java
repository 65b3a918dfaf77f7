package dev.loupe.files;

import dev.loupe.model.StoredTensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;

/**
 * A GGUF file, version 2 or 3, little-endian: metadata and tensors (specification: {@code
 * docs/gguf.md} of ggml).
 *
 * <pre>{@code
 * try (Gguf gguf = Gguf.open(Path.of("model.gguf"))) {
 *     String family = gguf.metadata().string("general.architecture").orElseThrow();
 *     StoredTensor table = gguf.tensor("token_embd.weight"); // [vocabSize, nEmbd]
 * }
 * }</pre>
 */
public final class Gguf implements TensorFile {
    private final Arena arena;
    private final GgufHeader header;
    private final Metadata metadata;

    private Gguf(Arena arena, GgufHeader header) {
        this.arena = arena;
        this.header = header;
        this.metadata = new Metadata(header.file(), header.values());
    }

    /**
     * Maps a file and checks its whole header.
     *
     * @throws ModelFileException if it is not a GGUF file that Loupe reads
     */
    @SuppressWarnings("MustBeClosedChecker") // the arena is closed with what is returned
    public static Gguf open(Path file) {
        if (FileKind.of(file) != FileKind.GGUF) {
            throw new ModelFileException(file, "start of file", "another format", "GGUF");
        }
        Arena arena = Arena.ofShared();
        try {
            MemorySegment bytes = MappedFile.map(file, arena);
            return new Gguf(arena, GgufHeader.parse(file, bytes));
        } catch (RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    /** The key-value pairs of the header. */
    public Metadata metadata() {
        return metadata;
    }

    /** The tensors by name, in the order of the file. */
    public SequencedMap<String, StoredTensor> tensors() {
        return Collections.unmodifiableSequencedMap(header.tensors());
    }

    @Override
    public Path path() {
        return header.file();
    }

    @Override
    public Set<String> names() {
        return tensors().keySet();
    }

    @Override
    public List<Long> shape(String name) {
        tensor(name);
        return header.shapes().getOrDefault(name, List.of());
    }

    @Override
    public StoredTensor tensor(String name) {
        StoredTensor tensor = header.tensors().get(name);
        if (tensor == null) {
            throw new ModelFileException(header.file(), "no tensor '" + name + "'");
        }
        return tensor;
    }

    /** The type that the file gives each value, or each element of an array. */
    Map<String, GgufType> types() {
        return header.types();
    }

    @Override
    public void close() {
        arena.close();
    }
}
