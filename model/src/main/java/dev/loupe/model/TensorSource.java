package dev.loupe.model;

import dev.loupe.kernels.StoredRows;

import java.util.Optional;
import java.util.Set;

/**
 * The tensors of a checkpoint, whatever its format, under the names that GGUF gives them: {@code
 * token_embd.weight}, {@code blk.3.attn_q.weight}... Heads of queries and keys are laid for a
 * rotation of halves, as Hugging Face has them; a linear map is {@code [out, in]}.
 */
public interface TensorSource {
    /** All names. */
    Set<String> names();

    /**
     * The tensor of that name. Its rows may be made when the first is asked for, so that a shape
     * can be refused at no cost.
     */
    Optional<StoredRows> find(String name);

    /** What the file calls that tensor, or would if it had it; errors quote it. */
    default String nameInFile(String name) {
        return name;
    }
}
