package dev.loupe.files;

import dev.loupe.kernels.NonFiniteException;
import dev.loupe.kernels.Processor;
import dev.loupe.model.CheckpointException;
import dev.loupe.model.Gpt;
import dev.loupe.model.GptConfig;
import dev.loupe.model.GptLoader;
import dev.loupe.model.TensorSource;
import dev.loupe.tokens.Tokenizer;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;

/**
 * A model that is ready to run: its weights packed in memory, and its tokenizer.
 *
 * <pre>{@code
 * try (LocalModel model = LocalModel.load(Path.of("model.gguf"), 2)) {
 *     int[] ids = model.tokenizer().orElseThrow().encode("Once upon a time");
 * }
 * }</pre>
 *
 * @param path the file or folder it was loaded from
 * @param gpt the model
 * @param tokenizer its tokenizer; a folder may come without one
 * @param endOfGeneration tokens after which the model has nothing more to say
 * @param processor what computes; closed with this
 */
public record LocalModel(
        Path path,
        Gpt gpt,
        Optional<Tokenizer> tokenizer,
        Set<Integer> endOfGeneration,
        Processor processor)
        implements AutoCloseable {

    /**
     * Loads a GGUF file, or a Hugging Face folder with {@code config.json} and safetensors. The
     * files are no longer needed afterwards.
     *
     * @param threads how many threads compute, the caller's among them
     * @throws ModelFileException if a file is missing, broken, or of a kind that Loupe does not
     *     know
     */
    public static LocalModel load(Path path, int threads) {
        Processor processor = Processor.of(threads);
        try {
            return Files.isDirectory(path) ? folder(path, processor) : gguf(path, processor);
        } catch (RuntimeException e) {
            processor.close();
            throw e;
        }
    }

    private static LocalModel gguf(Path path, Processor processor) {
        try (Gguf gguf = Gguf.open(path)) {
            GptConfig config = GgufConfig.read(gguf);
            // a vocabulary takes as long to read as the weights of a small model
            FutureTask<Optional<Tokenizer>> reading =
                    new FutureTask<>(() -> tokenizer(path, gguf, config));
            Thread reader = new Thread(reading, "loupe-tokenizer");
            reader.start();
            Family family = GgufConfig.family(gguf);
            Gpt gpt;
            try {
                gpt = load(path, config, new GgufTensors(gguf, family, config), processor);
            } finally {
                // what is wrong with the tokenizer comes first; and the file stays open for it
                result(reading);
            }
            Optional<Tokenizer> tokenizer = result(reading);
            Set<Integer> end =
                    tokenizer
                            .map(Tokenizer::endOfGeneration)
                            .orElseGet(() -> lastToken(gguf.metadata(), config));
            return new LocalModel(path, gpt, tokenizer, end, processor);
        }
    }

    private static Optional<Tokenizer> tokenizer(Path path, Gguf gguf, GptConfig config) {
        if (!GgufTokenizer.present(gguf.metadata())) {
            return Optional.empty();
        }
        Tokenizer tokenizer = GgufTokenizer.read(gguf.metadata());
        checkVocabulary(path, tokenizer, config);
        return Optional.of(tokenizer);
    }

    private static <T> T result(Future<T> task) {
        try {
            return task.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            if (e.getCause() instanceof Error cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while loading", e);
        }
    }

    /** The end token that a file names although it has no tokenizer. */
    private static Set<Integer> lastToken(Metadata metadata, GptConfig config) {
        return metadata.integer(GgufTokenizer.PREFIX + "eos_token_id")
                .filter(id -> id >= 0 && id < config.vocabSize())
                .map(id -> Set.of(id.intValue()))
                .orElse(Set.of());
    }

    private static LocalModel folder(Path path, Processor processor) {
        JsonFields json = JsonFields.read(path.resolve("config.json"));
        GptConfig config = HfConfig.read(json);
        Optional<Tokenizer> tokenizer = Optional.empty();
        if (Files.exists(path.resolve("tokenizer.json"))) {
            tokenizer = Optional.of(TokenizerJson.read(path, config.vocabSize()));
        }
        tokenizer.ifPresent(t -> checkVocabulary(path, t, config));
        try (Safetensors file = Safetensors.open(path)) {
            Gpt gpt =
                    load(
                            path,
                            config,
                            new HfTensors(file, HfConfig.family(json), config),
                            processor);
            Set<Integer> end = endOfGeneration(path, tokenizer, config.vocabSize());
            return new LocalModel(path, gpt, tokenizer, end, processor);
        }
    }

    /** What the files of a folder say together. */
    static Set<Integer> endOfGeneration(Path folder, Optional<Tokenizer> tokenizer, int vocabSize) {
        Set<Integer> end =
                new TreeSet<>(tokenizer.map(Tokenizer::endOfGeneration).orElse(Set.of()));
        for (String name : List.of("config.json", "generation_config.json")) {
            if (Files.exists(folder.resolve(name))) {
                end.addAll(JsonFields.read(folder.resolve(name)).integers("eos_token_id"));
            }
        }
        end.removeIf(id -> id < 0 || id >= vocabSize);
        return end;
    }

    private static Gpt load(Path path, GptConfig config, TensorSource source, Processor processor) {
        try {
            return GptLoader.load(config, source, processor.threads());
        } catch (CheckpointException | NonFiniteException e) {
            throw new ModelFileException(path, String.valueOf(e.getMessage()));
        }
    }

    private static void checkVocabulary(Path path, Tokenizer tokenizer, GptConfig config) {
        if (tokenizer.vocabSize() > config.vocabSize()) {
            throw new ModelFileException(
                    path,
                    "tokenizer",
                    tokenizer.vocabSize() + " tokens",
                    "at most the " + config.vocabSize() + " that the model knows");
        }
    }

    @Override
    public void close() {
        processor.close();
    }
}
