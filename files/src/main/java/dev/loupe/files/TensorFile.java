package dev.loupe.files;

import dev.loupe.model.StoredTensor;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * Named tensors on disk, mapped into memory: opening one reads the header only, and a tensor's
 * bytes are paged in when they are used. Tensors must not be used after {@link #close}.
 *
 * <p>Everything that the header claims was checked against the file before this object exists: each
 * tensor lies inside of the file, and no two share a byte.
 */
public sealed interface TensorFile extends AutoCloseable permits Gguf, Safetensors {
    /** What was opened; errors quote it. */
    Path path();

    /** The tensors' names, in the order of the file. */
    Set<String> names();

    /**
     * How long each dimension is, the outermost first, as NumPy and PyTorch have it (a GGUF file
     * writes them the other way round). Empty for a single number.
     *
     * @throws ModelFileException if there is no such tensor
     */
    List<Long> shape(String name);

    /**
     * The tensor as rows of its innermost dimension; a vector is one row, and outer dimensions
     * beyond the second are more rows.
     *
     * @throws ModelFileException if there is no such tensor, or it has a type that Loupe does not
     *     compute with
     */
    StoredTensor tensor(String name);

    @Override
    void close();

    /**
     * Opens a {@code .gguf}, a {@code .safetensors}, a {@code .safetensors.index.json}, or a folder
     * with one of the latter two; the content decides, not the name.
     *
     * @throws ModelFileException if it is none of them, or broken
     */
    static TensorFile open(Path path) {
        if (Files.isDirectory(path)) {
            return Safetensors.open(path);
        }
        return switch (FileKind.of(path)) {
            case GGUF -> Gguf.open(path);
            case SAFETENSORS, JSON -> Safetensors.open(path);
        };
    }
}
