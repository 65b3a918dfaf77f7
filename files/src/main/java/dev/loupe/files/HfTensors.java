package dev.loupe.files;

import dev.loupe.kernels.StoredRows;
import dev.loupe.model.GptConfig;
import dev.loupe.model.StoredTensor;
import dev.loupe.model.TensorSource;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntUnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The tensors of a Hugging Face folder, under GGUF's names and in the order that the model wants.
 */
final class HfTensors implements TensorSource {
    private static final Pattern BLOCK = Pattern.compile("\\.(\\d{1,9})\\.");

    /** Buffers that old versions of transformers saved: masks and frequencies. */
    private static final Pattern IGNORED =
            Pattern.compile(
                    ".*\\.(attn\\.bias|attn\\.masked_bias|attention\\.bias"
                            + "|attention\\.masked_bias|rotary_emb\\.inv_freq)");

    private final Safetensors file;
    private final GptConfig config;
    private final FolderNames folderNames;
    private final Map<String, Stored> stored = new LinkedHashMap<>();

    private record Stored(String name, Family.Layout layout) {}

    HfTensors(Safetensors file, Family family, GptConfig config) {
        this.file = file;
        this.config = config;
        folderNames = new FolderNames(family);
        Map<String, Family.Name> ours = new LinkedHashMap<>();
        family.names()
                .forEach((gguf, hf) -> ours.put(hf.name(), new Family.Name(gguf, hf.layout())));
        for (String name : file.names()) {
            place(name, family, ours);
        }
    }

    private void place(String name, Family family, Map<String, Family.Name> ours) {
        String bare =
                name.startsWith(family.prefix()) ? name.substring(family.prefix().length()) : name;
        Matcher block = BLOCK.matcher(bare);
        String number = block.find() ? block.group(1) : "";
        String general = number.isEmpty() ? bare : block.replaceFirst(".N.");
        int dot = general.lastIndexOf('.');
        String stem = dot < 0 ? general : general.substring(0, dot);
        String suffix = dot < 0 ? "" : general.substring(dot);
        Family.Name our = ours.get(stem);
        boolean tiedHead =
                config.embedding().tied()
                        && (name.equals("lm_head.weight") || name.equals("embed_out.weight"));
        if (tiedHead || IGNORED.matcher(name).matches()) {
            return;
        }
        // an unknown tensor keeps its name, and is refused when the model is put together
        String key = our == null ? name : our.name().replace(".N.", "." + number + ".") + suffix;
        Stored before =
                stored.put(key, new Stored(name, our == null ? Family.Layout.PLAIN : our.layout()));
        if (before != null) {
            throw new ModelFileException(
                    file.path(),
                    "tensor '" + name + "'",
                    "the same as '" + before.name + "'",
                    "one");
        }
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(stored.keySet());
    }

    @Override
    public Optional<StoredRows> find(String name) {
        Stored place = stored.get(name);
        if (place == null) {
            return Optional.empty();
        }
        StoredTensor tensor = file.tensor(place.name);
        boolean vector = name.endsWith(".bias");
        return Optional.of(
                switch (place.layout) {
                    case PLAIN -> tensor;
                    case TRANSPOSED -> vector ? tensor : Rearranged.transposed(file.path(), tensor);
                    case BY_HEAD -> byHead(tensor, vector);
                    // another shape is refused when the model is put together
                    case LESS_ONE -> tensor.rows() == 1 ? Rearranged.plusOne(tensor) : tensor;
                });
    }

    @Override
    public String nameInFile(String name) {
        Stored place = stored.get(name);
        return place != null
                ? place.name
                : folderNames.of(name).map(Family.Name::name).orElse(name);
    }

    private StoredRows byHead(StoredTensor tensor, boolean vector) {
        int width = config.attention().queries();
        int outputs = vector ? tensor.cols() : tensor.rows();
        if (outputs != 3L * width || (vector && tensor.rows() != 1)) {
            throw new ModelFileException(
                    file.path(), tensor.name(), outputs + " outputs", 3 * width + " outputs");
        }
        return Rearranged.outputs(tensor, vector, byHead(config.attention()));
    }

    /**
     * Where the folder has what queries, keys and values, one after the other, have at an output.
     */
    static IntUnaryOperator byHead(GptConfig.Heads heads) {
        int headDim = heads.headDim();
        int width = heads.queries();
        return r -> {
            int kind = r / width;
            int head = r % width / headDim;
            return (head * 3 + kind) * headDim + r % headDim;
        };
    }

    /**
     * The other way round: where queries, keys and values have what the folder has at an output.
     */
    static IntUnaryOperator splitByHead(GptConfig.Heads heads) {
        int headDim = heads.headDim();
        return r -> {
            int head = r / (3 * headDim);
            int kind = r / headDim % 3;
            return kind * heads.queries() + head * headDim + r % headDim;
        };
    }
}
