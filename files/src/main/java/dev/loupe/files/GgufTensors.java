package dev.loupe.files;

import dev.loupe.kernels.StoredRows;
import dev.loupe.model.GptConfig;
import dev.loupe.model.Rope;
import dev.loupe.model.TensorSource;

import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;

/**
 * The tensors of a GGUF file. Llama's have the rows of queries and keys in adjacent pairs; here
 * they come out in halves, so that one rotation serves all families.
 */
record GgufTensors(Gguf gguf, Family family, GptConfig config) implements TensorSource {
    @Override
    public Set<String> names() {
        Set<String> names = new LinkedHashSet<>(gguf.names());
        names.remove(GgufConfig.ROPE_FACTORS);
        return names;
    }

    @Override
    public Optional<StoredRows> find(String name) {
        if (!gguf.names().contains(name)) {
            return Optional.empty();
        }
        StoredRows tensor = gguf.tensor(name);
        Rope rope = config.layers().getFirst().rope();
        if (!inPairs(family, name) || rope == null) {
            return Optional.of(tensor);
        }
        int headDim = config.attention().headDim();
        boolean vector = name.endsWith(".bias");
        int outputs = vector ? tensor.cols() : tensor.rows();
        if (outputs % headDim != 0 || (vector && tensor.rows() != 1)) {
            // another shape is refused when the model is put together
            return Optional.of(tensor);
        }
        int half = rope.dims() / 2;
        return Optional.of(Rearranged.outputs(tensor, vector, r -> paired(r, headDim, half)));
    }

    private static boolean inPairs(Family family, String name) {
        return family.pairsInGguf() && (name.contains(".attn_q.") || name.contains(".attn_k."));
    }

    /** A tensor as a file of the family has it, given as {@link #find} gives it. */
    static StoredRows forFile(StoredRows tensor, String name, Family family, GptConfig config) {
        Rope rope = config.layers().getFirst().rope();
        if (!inPairs(family, name) || rope == null) {
            return tensor;
        }
        int headDim = config.attention().headDim();
        int half = rope.dims() / 2;
        return Rearranged.outputs(tensor, name.endsWith(".bias"), r -> halved(r, headDim, half));
    }

    /** Where the file has output {@code r}: the halves of a head are its even and odd rows. */
    static int paired(int r, int headDim, int half) {
        int i = r % headDim;
        if (i >= 2 * half) {
            return r;
        }
        return r - i + (i < half ? 2 * i : 2 * (i - half) + 1);
    }

    /** The other way round: which output the file has at {@code r}. */
    static int halved(int r, int headDim, int half) {
        int i = r % headDim;
        if (i >= 2 * half) {
            return r;
        }
        return r - i + i / 2 + (i % 2 == 0 ? 0 : half);
    }
}
