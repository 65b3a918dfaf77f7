package dev.loupe.files;

import dev.loupe.kernels.TensorType;
import dev.loupe.model.StoredTensor;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * Which type each tensor of a model gets when it is quantised. A mix is named after the type of
 * most matrices; those that suffer most from rounding get more bits: the unembedding, and in the
 * {@code _M} and {@code _S} mixes the values of attention and the MLP's way down in some layers.
 * Vectors, norms and position tables keep the type that they have. Names, numbers and choices are
 * those of llama.cpp's {@code llama-quantize} for dense models without an importance matrix.
 */
public enum Mix {
    F32(0, TensorType.F32),
    F16(1, TensorType.F16),
    BF16(32, TensorType.BF16),
    Q8_0(7, TensorType.Q8_0),
    Q6_K(18, TensorType.Q6_K),
    Q5_K_M(17, TensorType.Q5_K),
    Q5_K_S(16, TensorType.Q5_K),
    Q5_1(9, TensorType.Q5_1),
    Q5_0(8, TensorType.Q5_0),
    Q4_K_M(15, TensorType.Q4_K),
    Q4_K_S(14, TensorType.Q4_K),
    Q4_1(3, TensorType.Q4_1),
    Q4_0(2, TensorType.Q4_0);

    /** Position tables, token types and routers of experts are small and matter much. */
    private static final List<String> KEPT =
            List.of("_norm.weight", "position_embd.weight", "token_types.weight", "ffn_gate_inp");

    private final int fileType;
    private final TensorType most;

    Mix(int fileType, TensorType most) {
        this.fileType = fileType;
        this.most = most;
    }

    /** The number that {@code general.file_type} has for it. */
    public int fileType() {
        return fileType;
    }

    /**
     * The type of each tensor of a model, by name, in the order of the file.
     *
     * @throws ModelFileException if the file does not say its architecture and number of layers
     */
    public SequencedMap<String, TensorType> types(Gguf model) {
        Metadata metadata = model.metadata();
        String family = required(model, "general.architecture", metadata::string);
        long layers = required(model, family + ".block_count", metadata::integer);
        boolean grouped =
                !metadata.integer(family + ".attention.head_count")
                        .equals(metadata.integer(family + ".attention.head_count_kv"));
        List<ModelSummary.Entry> tensors = new ArrayList<>();
        for (StoredTensor t : model.tensors().values()) {
            tensors.add(new ModelSummary.Entry(t.name(), t.type(), t.rows(), t.cols()));
        }
        return types(family, layers, grouped, tensors);
    }

    /**
     * The type of each tensor of a model, by name, in the order given.
     *
     * @param family as {@code general.architecture} has it
     * @param grouped whether several heads of queries share one of keys
     * @param tensors under the names that GGUF has for them
     */
    SequencedMap<String, TensorType> types(
            String family, long layers, boolean grouped, List<ModelSummary.Entry> tensors) {
        Map<String, TensorType> chosen = new LinkedHashMap<>();
        Chooser chooser = new Chooser(family, layers, grouped, tensors);
        List<ModelSummary.Entry> sorted = new ArrayList<>(tensors);
        sorted.sort(
                Comparator.comparingInt((ModelSummary.Entry tensor) -> layer(tensor.name()))
                        .thenComparing(ModelSummary.Entry::name));
        for (ModelSummary.Entry tensor : sorted) {
            String name = tensor.name();
            chosen.put(
                    name,
                    kept(name, tensor.rows()) ? tensor.type() : chooser.type(name, tensor.cols()));
        }
        SequencedMap<String, TensorType> types = new LinkedHashMap<>();
        tensors.forEach(t -> types.put(t.name(), chosen.getOrDefault(t.name(), most)));
        return types;
    }

    /** Whether a tensor keeps its type in every mix. */
    static boolean kept(String name, int rows) {
        return rows == 1 || !name.endsWith("weight") || KEPT.stream().anyMatch(name::contains);
    }

    /** The layer of {@code blk.N.*}, -1 for other tensors. */
    private static int layer(String name) {
        int end = name.startsWith("blk.") ? name.indexOf('.', 4) : -1;
        if (end < 0 || end > 10 || !name.substring(4, end).chars().allMatch(Character::isDigit)) {
            return -1;
        }
        return end == 4 ? -1 : Integer.parseInt(name.substring(4, end));
    }

    /** Goes through a model's matrices, layer by layer. */
    private final class Chooser {
        private final boolean tied;
        private final boolean sharesValues;
        private final int layers;
        private final int valueLayers;
        private int valueLayer;
        private int downLayer;

        Chooser(String family, long blocks, boolean grouped, List<ModelSummary.Entry> tensors) {
            List<String> names = tensors.stream().map(ModelSummary.Entry::name).toList();
            layers = (int) Math.clamp(blocks, 0L, 1L << 20);
            tied = !names.contains("output.weight");
            valueLayers = (int) names.stream().filter(Mix::isValue).count();
            // with 80 layers and several heads on one value, values are few and worth more bits
            sharesValues =
                    layers == 80 && (family.equals("llama") || family.equals("qwen2")) && grouped;
        }

        TensorType type(String name, int cols) {
            return most.quantised() ? fitting(wanted(name, cols), cols) : most;
        }

        private TensorType wanted(String name, int cols) {
            if (name.equals("output.weight") || (tied && name.equals("token_embd.weight"))) {
                boolean eight = most == TensorType.Q8_0 || cols % most.blockSize() != 0;
                return eight ? TensorType.Q8_0 : TensorType.Q6_K;
            }
            if (isValue(name)) {
                return values(valueLayer++);
            }
            return name.contains("ffn_down") ? down(downLayer++) : most;
        }

        private TensorType values(int layer) {
            TensorType type =
                    switch (Mix.this) {
                        case Q4_K_M, Q5_K_M ->
                                moreBits(layer, valueLayers) ? TensorType.Q6_K : most;
                        case Q4_K_S -> layer < 4 ? TensorType.Q5_K : most;
                        case F32, F16, BF16, Q8_0, Q6_K, Q5_K_S, Q5_1, Q5_0, Q4_1, Q4_0 -> most;
                    };
            return sharesValues && type == TensorType.Q4_K ? TensorType.Q5_K : type;
        }

        private TensorType down(int layer) {
            return switch (Mix.this) {
                case Q4_K_M, Q5_K_M -> moreBits(layer, layers) ? TensorType.Q6_K : most;
                case Q4_K_S -> layer < layers / 8 ? TensorType.Q5_K : most;
                case F32, F16, BF16, Q8_0, Q6_K, Q5_K_S, Q5_1, Q5_0, Q4_1, Q4_0 -> most;
            };
        }
    }

    private interface Value<T> {
        Optional<T> get(String key);
    }

    private static <T> T required(Gguf model, String key, Value<T> value) {
        return value.get(key)
                .orElseThrow(() -> new ModelFileException(model.path(), key, "nothing", "a value"));
    }

    private static boolean isValue(String name) {
        return name.contains("attn_v.weight") || name.contains("attn_qkv.weight");
    }

    /** The first and the last eighth of the layers, and every third between. */
    private static boolean moreBits(int layer, int layers) {
        int eighth = layers / 8;
        return layer < eighth || layer >= 7 * layers / 8 || (layer - eighth) % 3 == 2;
    }

    /**
     * The type, or where rows are not whole blocks of 256 the next better one with blocks of 32.
     */
    private static TensorType fitting(TensorType type, int cols) {
        if (cols % type.blockSize() == 0) {
            return type;
        }
        TensorType smaller =
                switch (type) {
                    case Q4_K -> TensorType.Q5_0;
                    case Q5_K -> TensorType.Q5_1;
                    case Q6_K -> TensorType.Q8_0;
                    default -> TensorType.F16;
                };
        return cols % smaller.blockSize() == 0 ? smaller : TensorType.F16;
    }
}
