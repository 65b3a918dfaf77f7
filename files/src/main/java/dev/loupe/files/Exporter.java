package dev.loupe.files;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.kernels.TensorType;
import dev.loupe.model.Gpt;
import dev.loupe.model.GptConfig;
import dev.loupe.model.GptTensors;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Writes a model that was changed in memory, with everything that its base has beside the weights:
 * configuration, tokenizer, chat template. Adapters are merged.
 */
public final class Exporter {
    /** What a folder has beside its weights. */
    private static final List<String> BESIDE =
            List.of(
                    "generation_config.json",
                    "tokenizer.json",
                    "tokenizer_config.json",
                    "special_tokens_map.json",
                    "added_tokens.json",
                    "vocab.json",
                    "merges.txt",
                    "tokenizer.model",
                    "chat_template.jinja",
                    "chat_template.json");

    private final Path base;
    private final Gpt gpt;
    private final ExecutorService workers;
    private final Converter.Progress progress;

    private Exporter(Path base, Gpt gpt, ExecutorService workers, Converter.Progress progress) {
        this.base = base;
        this.gpt = gpt;
        this.workers = workers;
        this.progress = progress;
    }

    /**
     * Writes a GGUF file.
     *
     * @param base the GGUF file or folder that the model was loaded from
     * @param mix the types of matrices
     * @throws ModelFileException as {@link Converter#toGguf} does
     */
    public static void toGguf(
            Path base, Gpt gpt, Path file, Mix mix, int threads, Converter.Progress progress) {
        try (ExecutorService workers = Executors.newFixedThreadPool(threads)) {
            new Exporter(base, gpt, workers, progress).gguf(file, mix);
        }
    }

    /**
     * Writes a Hugging Face folder.
     *
     * @param base the GGUF file or folder that the model was loaded from
     * @param folder made if it is not there; files of the names that a model has are replaced,
     *     others stay
     * @param type F32, F16 or BF16, of all tensors
     * @throws ModelFileException as {@link Converter#toFolder} does
     */
    public static void toFolder(
            Path base,
            Gpt gpt,
            Path folder,
            TensorType type,
            int threads,
            Converter.Progress progress) {
        try (ExecutorService workers = Executors.newFixedThreadPool(threads)) {
            new Exporter(base, gpt, workers, progress).folder(folder, type);
        }
    }

    private Converter converter(Family family, GptConfig config) {
        boolean joined = family.names().containsKey("blk.N.attn_qkv");
        return new Converter(base, family, config, new GptTensors(gpt, joined), workers);
    }

    private void gguf(Path file, Mix mix) {
        if (Files.isDirectory(base)) {
            JsonFields json = JsonFields.read(base.resolve("config.json"));
            converter(HfConfig.family(json), gpt.config())
                    .writeGguf(json, file, Optional.of(mix), progress);
            return;
        }
        try (Gguf gguf = Gguf.open(base)) {
            GgufWriter out =
                    new GgufWriter()
                            .metadataOf(gguf)
                            .integer("general.file_type", mix.fileType())
                            .integer("general.quantization_version", 2);
            if (gguf.names().contains(GgufConfig.ROPE_FACTORS)) {
                String factors = GgufConfig.ROPE_FACTORS;
                out.tensor(NewTensor.copyOf(gguf.tensor(factors), gguf.shape(factors)));
            }
            converter(GgufConfig.family(gguf), gpt.config())
                    .putTensors(out, Optional.of(mix), mix, progress);
            out.write(file);
        }
    }

    private void folder(Path folder, TensorType type) {
        if (Files.isDirectory(base)) {
            ObjectNode config = config(type);
            Family family = HfConfig.family(JsonFields.read(base.resolve("config.json")));
            Converter converter = converter(family, gpt.config());
            NewFolder.write(
                    folder,
                    part -> {
                        Converter.write(part.resolve("config.json"), config);
                        for (String name : BESIDE) {
                            copy(name, part);
                        }
                        converter.writeWeights(part, type, progress);
                    });
            dropShards(folder);
            return;
        }
        try (Gguf gguf = Gguf.open(base)) {
            converter(GgufConfig.family(gguf), gpt.config())
                    .writeFolder(gguf.metadata(), folder, Optional.of(type), progress);
        }
        dropShards(folder);
    }

    /** The base's own, but for the type of the weights. */
    private ObjectNode config(TensorType type) {
        Path file = base.resolve("config.json");
        try {
            ObjectNode json = (ObjectNode) new ObjectMapper().readTree(file.toFile());
            String name =
                    switch (type) {
                        case F16 -> "float16";
                        case BF16 -> "bfloat16";
                        default -> "float32";
                    };
            boolean old = json.has("torch_dtype");
            return json.put(old ? "torch_dtype" : "dtype", name);
        } catch (IOException e) {
            throw new ModelFileException(file, "cannot be read: " + e.getMessage());
        }
    }

    private void copy(String name, Path to) throws IOException {
        Path from = base.resolve(name);
        if (Files.isRegularFile(from)) {
            Files.copy(from, to.resolve(name), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** An index that was there would be read in place of the one file that is now. */
    private static void dropShards(Path folder) {
        try {
            Files.deleteIfExists(folder.resolve("model.safetensors.index.json"));
        } catch (IOException e) {
            throw new ModelFileException(folder, "cannot be written: " + NewFile.reason(e));
        }
    }
}
