package dev.loupe.files;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.kernels.StoredRows;
import dev.loupe.kernels.TensorType;
import dev.loupe.model.Gpt;
import dev.loupe.model.GptConfig;
import dev.loupe.model.GptTensors;
import dev.loupe.model.TensorSource;
import dev.loupe.tokens.Tokenizer;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/**
 * Turns a Hugging Face folder into a GGUF file and back: configuration, tensors and tokenizer.
 * Tensors go one after the other, so memory holds a few of them at most.
 */
public final class Converter {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path in;
    private final Family family;
    private final GptConfig config;
    private final TensorSource source;
    private final ExecutorService workers;

    Converter(
            Path in,
            Family family,
            GptConfig config,
            TensorSource source,
            ExecutorService workers) {
        this.in = in;
        this.family = family;
        this.config = config;
        this.source = source;
        this.workers = workers;
    }

    /** Hears of each tensor when it is its turn to be written. */
    @FunctionalInterface
    public interface Progress {
        /**
         * A tensor is about to be written.
         *
         * @param index from 0 to {@code count - 1}
         */
        void writing(int index, int count, String tensor);
    }

    /**
     * Writes a GGUF file that llama.cpp and Loupe read. Vectors and position tables are F32.
     *
     * @param folder with config.json and safetensors; without a tokenizer.json the file has no
     *     tokenizer
     * @param mix the types of matrices; empty: those that the folder has
     * @throws ModelFileException if the folder cannot be read, has what a GGUF file cannot say, or
     *     the file cannot be written
     */
    public static void toGguf(
            Path folder, Path file, Optional<Mix> mix, int threads, Progress progress) {
        JsonFields json = JsonFields.read(folder.resolve("config.json"));
        Family family = HfConfig.family(json);
        GptConfig config = HfConfig.read(json);
        try (Safetensors checkpoint = Safetensors.open(folder);
                ExecutorService workers = Executors.newFixedThreadPool(threads)) {
            TensorSource source = new HfTensors(checkpoint, family, config);
            new Converter(folder, family, config, source, workers)
                    .writeGguf(json, file, mix, progress);
        }
    }

    /**
     * Writes a folder that transformers and Loupe read: config.json, model.safetensors, and if the
     * file has a tokenizer, tokenizer.json, tokenizer_config.json and generation_config.json.
     *
     * @param folder made if it is not there; files of these names are replaced, others stay
     * @param type F32, F16 or BF16, of all tensors; empty: F16 or BF16 where all matrices have it,
     *     else F32
     * @throws ModelFileException if the file cannot be read, has what a folder cannot say, or the
     *     folder cannot be written
     */
    public static void toFolder(
            Path file, Path folder, Optional<TensorType> type, int threads, Progress progress) {
        try (Gguf gguf = Gguf.open(file);
                ExecutorService workers = Executors.newFixedThreadPool(threads)) {
            Family family = GgufConfig.family(gguf);
            GptConfig config = GgufConfig.read(gguf);
            TensorSource source = new GgufTensors(gguf, family, config);
            new Converter(file, family, config, source, workers)
                    .writeFolder(gguf.metadata(), folder, type, progress);
        }
    }

    /**
     * Writes a model that is in memory as a folder: config.json and model.safetensors. A tokenizer
     * goes beside them by itself.
     *
     * @param folder made if it is not there; files of these names are replaced, others stay
     * @param type F32, F16 or BF16, of all tensors
     * @param end the token that ends a text, where there is one
     * @throws ModelFileException if it cannot be written
     */
    public static void save(Gpt gpt, Path folder, TensorType type, OptionalInt end) {
        save(gpt, folder, type, end, (index, count, tensor) -> {});
    }

    /** Does so, and tells of each tensor. */
    public static void save(
            Gpt gpt, Path folder, TensorType type, OptionalInt end, Progress progress) {
        String name = gpt.config().family();
        Family family =
                Family.ofModelType(name)
                        .or(() -> Family.ofArchitecture(name))
                        .orElseThrow(() ->
                                new ModelFileException(folder, "family", name, Family.known()));
        TensorSource source = new GptTensors(gpt, family.names().containsKey("blk.N.attn_qkv"));
        try (ExecutorService workers = Executors.newFixedThreadPool(1)) {
            Converter converter = new Converter(folder, family, gpt.config(), source, workers);
            List<ModelSummary.Entry> tensors = converter.known();
            ObjectNode json = converter.said(() -> HfConfigJson.of(family, gpt.config(), type));
            // left out, transformers takes those of GPT-2 or Llama, which may mean another token
            Integer id = end.isPresent() ? end.getAsInt() : null;
            json.put("bos_token_id", id).put("eos_token_id", id);
            NewFolder.write(
                    folder,
                    part -> {
                        write(part.resolve("config.json"), json);
                        converter
                                .weights(tensors, type, progress)
                                .write(part.resolve("model.safetensors"));
                    });
        }
    }

    void writeGguf(JsonFields json, Path file, Optional<Mix> mix, Progress progress) {
        List<ModelSummary.Entry> tensors = known();
        GgufWriter out =
                new GgufWriter()
                        .string("general.architecture", family.architecture())
                        .string("general.type", "model")
                        .string("general.name", name(in));
        said(() -> {
            GgufKeys.put(out, family, config);
            return out;
        });
        TokenizerKeys.put(out, in, json, config.vocabSize());
        Mix types = mix.orElseGet(() -> mixOf(most(tensors)));
        out.integer("general.file_type", types.fileType())
                .integer("general.quantization_version", 2);
        putTensors(out, mix, types, progress);
        out.write(file);
    }

    /**
     * Puts all tensors into a GGUF file.
     *
     * @param mix empty: each keeps its type
     */
    void putTensors(GgufWriter out, Optional<Mix> mix, Mix types, Progress progress) {
        List<ModelSummary.Entry> tensors = known();
        var chosen =
                types.types(
                        family.architecture(),
                        config.nLayer(),
                        config.attention().nHead() != config.attention().nKvHead(),
                        tensors);
        int index = 0;
        for (ModelSummary.Entry tensor : tensors) {
            TensorType type = chosen.getOrDefault(tensor.name(), tensor.type());
            if (Mix.kept(tensor.name(), tensor.rows())) {
                type = TensorType.F32;
            } else if (mix.isEmpty()) {
                type = tensor.type();
            }
            TensorType as = type;
            int at = index++;
            List<Long> shape =
                    vector(tensor.name())
                            ? List.of((long) tensor.cols())
                            : List.of((long) tensor.rows(), (long) tensor.cols());
            out.tensor(
                    new NewTensor(
                            tensor.name(),
                            type,
                            shape,
                            channel -> {
                                progress.writing(at, tensors.size(), tensor.name());
                                StoredRows rows =
                                        GgufTensors.forFile(
                                                found(tensor.name()),
                                                tensor.name(),
                                                family,
                                                config);
                                Quantizer.write(in, rows, as, workers, channel);
                            }));
        }
    }

    /** Writes the weights of a folder. */
    void writeWeights(Path folder, TensorType type, Progress progress) {
        weights(known(), type, progress).write(folder.resolve("model.safetensors"));
    }

    void writeFolder(
            Metadata metadata, Path folder, Optional<TensorType> wanted, Progress progress) {
        List<ModelSummary.Entry> tensors = known();
        TensorType type = wanted.orElseGet(() -> floats(tensors));
        Optional<Tokenizer> tokenizer =
                GgufTokenizer.present(metadata)
                        ? Optional.of(GgufTokenizer.read(metadata))
                        : Optional.empty();
        ObjectNode json = said(() -> HfConfigJson.of(family, config, type));
        ObjectNode generation = ends(metadata, tokenizer);
        json.setAll(generation);
        NewFolder.write(
                folder,
                part -> {
                    write(part.resolve("config.json"), json);
                    if (tokenizer.isPresent()) {
                        TokenizerFiles.write(metadata, tokenizer.get(), config.nCtx(), part);
                    }
                    if (!generation.isEmpty()) {
                        write(part.resolve("generation_config.json"), generation);
                    }
                    weights(tensors, type, progress).write(part.resolve("model.safetensors"));
                });
    }

    private SafetensorsWriter weights(
            List<ModelSummary.Entry> tensors, TensorType type, Progress progress) {
        FolderNames names = new FolderNames(family);
        SafetensorsWriter out = new SafetensorsWriter();
        int index = 0;
        for (ModelSummary.Entry tensor : tensors) {
            Family.Name name = names.of(tensor.name()).orElseThrow();
            boolean turned = name.layout() == Family.Layout.TRANSPOSED && !vector(tensor.name());
            long rows = turned ? tensor.cols() : tensor.rows();
            long cols = turned ? tensor.rows() : tensor.cols();
            int at = index++;
            out.tensor(
                    new NewTensor(
                            name.name(),
                            type,
                            vector(tensor.name()) ? List.of(cols) : List.of(rows, cols),
                            channel -> {
                                progress.writing(at, tensors.size(), tensor.name());
                                write(tensor.name(), name.layout(), turned, type, channel);
                            }));
        }
        return out;
    }

    private void write(
            String name,
            Family.Layout layout,
            boolean turned,
            TensorType type,
            WritableByteChannel channel)
            throws IOException {
        StoredRows rows = found(name);
        rows =
                switch (layout) {
                    case PLAIN -> rows;
                    case LESS_ONE -> Rearranged.minusOne(rows);
                    case TRANSPOSED -> rows;
                    case BY_HEAD ->
                            Rearranged.outputs(
                                    rows, vector(name), HfTensors.splitByHead(config.attention()));
                };
        if (turned) {
            rows = Rearranged.transposed(in, Rearranged.decoded(in, rows));
        }
        Quantizer.write(in, rows, type, workers, channel);
    }

    /** All tensors, as long as each has a place in a model of the family. */
    private List<ModelSummary.Entry> known() {
        FolderNames names = new FolderNames(family);
        List<ModelSummary.Entry> tensors = new ArrayList<>();
        for (String name : source.names()) {
            StoredRows rows = found(name);
            boolean fits = !vector(name) || rows.rows() == 1;
            if (names.of(name).isEmpty() || !fits) {
                throw new ModelFileException(
                        in,
                        "tensor '" + GgufCursor.shortened(rows.name()) + "'",
                        rows.rows() + " x " + rows.cols(),
                        fits
                                ? "none of that name in a model of the family "
                                        + family.architecture()
                                : "a vector");
            }
            tensors.add(new ModelSummary.Entry(name, rows.type(), rows.rows(), rows.cols()));
        }
        Set<String> found = source.names();
        for (String needed : List.of("token_embd.weight", "output_norm.weight")) {
            if (!found.contains(needed)) {
                throw new ModelFileException(in, "has no tensor " + needed);
            }
        }
        int rows = found("token_embd.weight").rows();
        if (rows != config.vocabSize()) {
            throw new ModelFileException(
                    in, "rows of the token table", rows, "the " + config.vocabSize() + " tokens");
        }
        return tensors;
    }

    private StoredRows found(String name) {
        return source.find(name)
                .orElseThrow(() -> new ModelFileException(in, "no tensor '" + name + "'"));
    }

    private <T> T said(Supplier<T> what) {
        try {
            return what.get();
        } catch (IllegalArgumentException e) {
            throw new ModelFileException(in, "cannot be converted: " + e.getMessage());
        }
    }

    private static boolean vector(String name) {
        return name.endsWith(".bias") || name.contains("_norm.");
    }

    private static boolean matrix(ModelSummary.Entry tensor) {
        return !Mix.kept(tensor.name(), tensor.rows());
    }

    /** The type of most numbers. */
    private static TensorType most(List<ModelSummary.Entry> tensors) {
        TensorType most = TensorType.F32;
        long largest = 0;
        for (TensorType type : List.of(TensorType.F32, TensorType.F16, TensorType.BF16)) {
            long numbers =
                    tensors.stream()
                            .filter(tensor -> tensor.type() == type && matrix(tensor))
                            .mapToLong(ModelSummary.Entry::parameters)
                            .sum();
            if (numbers > largest) {
                largest = numbers;
                most = type;
            }
        }
        return most;
    }

    private static Mix mixOf(TensorType type) {
        return switch (type) {
            case F16 -> Mix.F16;
            case BF16 -> Mix.BF16;
            default -> Mix.F32;
        };
    }

    /** The one 16-bit type of all matrices, or F32. */
    private static TensorType floats(List<ModelSummary.Entry> tensors) {
        List<TensorType> types =
                tensors.stream()
                        .filter(Converter::matrix)
                        .map(ModelSummary.Entry::type)
                        .distinct()
                        .toList();
        boolean half =
                types.equals(List.of(TensorType.F16)) || types.equals(List.of(TensorType.BF16));
        return half ? types.getFirst() : TensorType.F32;
    }

    private ObjectNode ends(Metadata metadata, Optional<Tokenizer> tokenizer) {
        ObjectNode json = JSON.createObjectNode();
        id(metadata, "bos_token_id").ifPresent(id -> json.put("bos_token_id", id));
        id(metadata, "padding_token_id").ifPresent(id -> json.put("pad_token_id", id));
        List<Integer> ends = new ArrayList<>();
        id(metadata, "eos_token_id").ifPresent(ends::add);
        tokenizer.ifPresent(t ->
                t.endOfGeneration().stream().filter(i -> !ends.contains(i)).forEach(ends::add));
        if (ends.size() == 1) {
            json.put("eos_token_id", ends.getFirst());
        } else if (!ends.isEmpty()) {
            ArrayNode list = json.putArray("eos_token_id");
            ends.forEach(list::add);
        }
        return json;
    }

    private Optional<Integer> id(Metadata metadata, String key) {
        return metadata.integer(GgufTokenizer.PREFIX + key)
                .filter(id -> id >= 0 && id < config.vocabSize())
                .map(Long::intValue);
    }

    private static String name(Path folder) {
        return String.valueOf(folder.toAbsolutePath().normalize().getFileName());
    }

    /** Writes a small file of JSON, for people to read too. */
    static void write(Path file, ObjectNode json) {
        NewFile.write(
                file,
                channel -> {
                    OutputStream out = Channels.newOutputStream(channel);
                    try (JsonGenerator generator =
                            new JsonFactory().createGenerator(out).useDefaultPrettyPrinter()) {
                        generator.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
                        JSON.writeTree(generator, json);
                    }
                });
    }
}
