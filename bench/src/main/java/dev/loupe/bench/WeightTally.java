package dev.loupe.bench;

import dev.loupe.files.Gguf;
import dev.loupe.files.ModelFileException;
import dev.loupe.model.StoredTensor;

import java.nio.file.Path;

/**
 * How much of a model each token meets.
 *
 * @param blockWeights weights in the matrices of the blocks: a prompt's token is multiplied by all
 *     of them; the head is computed for the last one only
 * @param bytes of the blocks and the head: a generated token reads them all
 */
record WeightTally(long blockWeights, long bytes) {
    static WeightTally of(Path model) throws ChildFailedException {
        try (Gguf gguf = Gguf.open(model)) {
            long weights = 0;
            String head =
                    gguf.names().contains("output.weight") ? "output.weight" : "token_embd.weight";
            long bytes = gguf.tensor(head).data().byteSize();
            for (String name : gguf.names()) {
                StoredTensor tensor = gguf.tensor(name);
                if (name.startsWith("blk.")) {
                    bytes += tensor.data().byteSize();
                    weights += tensor.rows() > 1 ? (long) tensor.rows() * tensor.cols() : 0;
                }
            }
            return new WeightTally(weights, bytes);
        } catch (ModelFileException e) {
            throw new ChildFailedException(String.valueOf(e.getMessage()));
        }
    }
}
