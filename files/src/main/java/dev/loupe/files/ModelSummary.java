package dev.loupe.files;

import dev.loupe.kernels.StoredRows;
import dev.loupe.kernels.TensorType;
import dev.loupe.model.GptConfig;
import dev.loupe.model.TensorSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a model is, read from its files without loading it.
 *
 * @param path the file or folder
 * @param config its configuration
 * @param tensors all of them, in the order of the file
 */
public record ModelSummary(Path path, GptConfig config, List<Entry> tensors) {
    /**
     * A tensor of the model.
     *
     * @param name as GGUF has it
     * @param type as the file has it
     */
    public record Entry(String name, TensorType type, int rows, int cols) {
        /** What its numbers are for. */
        public Kind kind() {
            return Kind.of(name);
        }

        /** How many numbers it holds. */
        public long parameters() {
            return (long) rows * cols;
        }
    }

    /** What parameters are for. */
    public enum Kind {
        EMBEDDING("token vectors"),
        POSITIONS("position vectors"),
        QUERY_KEY_VALUE("attention: query, key, value"),
        ATTENTION_OUTPUT("attention: output"),
        MLP_UP("MLP: up and gate"),
        MLP_DOWN("MLP: down"),
        NORMS("norms"),
        BIASES("biases"),
        UNEMBEDDING("unembedding");

        private final String title;

        Kind(String title) {
            this.title = title;
        }

        /** For people. */
        public String title() {
            return title;
        }

        /** For programs: {@code query_key_value}. */
        public String key() {
            return name().toLowerCase(Locale.ROOT);
        }

        static Kind of(String name) {
            if (name.contains("norm")) {
                return NORMS;
            }
            if (name.endsWith(".bias")) {
                return BIASES;
            }
            if (name.startsWith("token_embd")) {
                return EMBEDDING;
            }
            if (name.startsWith("position_embd")) {
                return POSITIONS;
            }
            if (name.startsWith("output.")) {
                return UNEMBEDDING;
            }
            if (name.contains(".attn_output")) {
                return ATTENTION_OUTPUT;
            }
            if (name.contains(".attn_")) {
                return QUERY_KEY_VALUE;
            }
            return name.contains(".ffn_down") ? MLP_DOWN : MLP_UP;
        }
    }

    /**
     * Reads the headers of a model.
     *
     * @param path a GGUF file, or a folder with {@code config.json} and safetensors; of an adapter,
     *     the model that it belongs to is read
     * @throws ModelFileException if a file is missing, broken, or of a kind that Loupe does not
     *     know
     */
    public static ModelSummary of(Path path) {
        if (AdapterFolder.present(path)) {
            return of(AdapterFolder.base(path));
        }
        if (Files.isDirectory(path)) {
            JsonFields json = JsonFields.read(path.resolve("config.json"));
            GptConfig config = HfConfig.read(json);
            try (Safetensors file = Safetensors.open(path)) {
                return of(path, config, new HfTensors(file, HfConfig.family(json), config));
            }
        }
        try (Gguf gguf = Gguf.open(path)) {
            GptConfig config = GgufConfig.read(gguf);
            return of(path, config, new GgufTensors(gguf, GgufConfig.family(gguf), config));
        }
    }

    private static ModelSummary of(Path path, GptConfig config, TensorSource source) {
        List<Entry> entries = new ArrayList<>();
        for (String name : source.names()) {
            StoredRows rows = source.find(name).orElseThrow();
            entries.add(new Entry(name, rows.type(), rows.rows(), rows.cols()));
        }
        return new ModelSummary(path, config, List.copyOf(entries));
    }

    /** How many parameters there are of each kind. */
    public Map<Kind, Long> tally() {
        Map<Kind, Long> tally = new EnumMap<>(Kind.class);
        for (Entry entry : tensors) {
            tally.merge(Kind.of(entry.name()), entry.parameters(), Long::sum);
        }
        return tally;
    }

    /** How many parameters there are. */
    public long total() {
        return tensors.stream().mapToLong(Entry::parameters).sum();
    }

    /** How many bytes the tensors of each type take. */
    public Map<String, Long> types() {
        Map<String, Long> bytes = new TreeMap<>();
        for (Entry entry : tensors) {
            long size = entry.rows() * entry.type().bytes(entry.cols());
            bytes.merge(entry.type().name(), size, Long::sum);
        }
        return bytes;
    }
}
