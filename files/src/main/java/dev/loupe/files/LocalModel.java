package dev.loupe.files;

import dev.loupe.kernels.NonFiniteException;
import dev.loupe.kernels.Processor;
import dev.loupe.kernels.StoredRows;
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
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;

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
    /** Told how far loading is. */
    @FunctionalInterface
    public interface Watcher {
        /**
         * Some bytes of the weights are in memory. What it throws ends the loading.
         *
         * @param done how many
         * @param total of how many
         */
        void at(long done, long total);
    }

    /** The same as {@link #load(Path, int, Watcher)}, and nobody watches. */
    public static LocalModel load(Path path, int threads) {
        return load(path, threads, (done, total) -> {});
    }

    /**
     * Loads a GGUF file, a Hugging Face folder with {@code config.json} and safetensors, or the
     * folder of an adapter with the model that it belongs to. The files are no longer needed
     * afterwards.
     *
     * @param threads how many threads compute, the caller's among them
     * @param watcher told of each tensor, on the caller's thread
     * @throws ModelFileException if a file is missing, broken, or of a kind that Loupe does not
     *     know
     */
    public static LocalModel load(Path path, int threads, Watcher watcher) {
        if (AdapterFolder.present(path)) {
            return AdapterFolder.load(path, threads, watcher);
        }
        Processor processor = Processor.of(threads);
        try {
            return Files.isDirectory(path)
                    ? folder(path, processor, watcher)
                    : gguf(path, processor, watcher);
        } catch (RuntimeException e) {
            processor.close();
            throw e;
        }
    }

    private static LocalModel gguf(Path path, Processor processor, Watcher watcher) {
        try (Gguf gguf = Gguf.open(path)) {
            GptConfig config = GgufConfig.read(gguf);
            Parts parts =
                    Parts.read(
                            () -> tokenizer(path, gguf, config),
                            () -> {
                                Family family = GgufConfig.family(gguf);
                                TensorSource source = new GgufTensors(gguf, family, config);
                                return load(path, config, new Watched(source, watcher), processor);
                            });
            Set<Integer> end =
                    parts.tokenizer
                            .map(Tokenizer::endOfGeneration)
                            .orElseGet(() -> lastToken(gguf.metadata(), config));
            return new LocalModel(path, parts.gpt, parts.tokenizer, end, processor);
        }
    }

    private static Optional<Tokenizer> tokenizer(Path path, Gguf gguf, GptConfig config) {
        if (!GgufTokenizer.present(gguf.metadata())) {
            return Optional.empty();
        }
        return Optional.of(checked(path, GgufTokenizer.read(gguf.metadata()), config));
    }

    /** A vocabulary takes as long to read as the weights of a small model: beside them. */
    private record Parts(Gpt gpt, Optional<Tokenizer> tokenizer) {
        static Parts read(Callable<Optional<Tokenizer>> vocabulary, Supplier<Gpt> weights) {
            FutureTask<Optional<Tokenizer>> reading = new FutureTask<>(vocabulary);
            new Thread(reading, "loupe-tokenizer").start();
            Gpt gpt;
            try {
                gpt = weights.get();
            } catch (RuntimeException | Error e) {
                // what is wrong with the tokenizer comes first; and the file stays open for it
                result(reading);
                throw e;
            }
            return new Parts(gpt, result(reading));
        }
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

    private static LocalModel folder(Path path, Processor processor, Watcher watcher) {
        JsonFields json = JsonFields.read(path.resolve("config.json"));
        GptConfig config = HfConfig.read(json);
        Parts parts =
                Parts.read(
                        () -> tokenizer(path, config),
                        () -> {
                            try (Safetensors file = Safetensors.open(path)) {
                                Family family = HfConfig.family(json);
                                TensorSource source = new HfTensors(file, family, config);
                                return load(path, config, new Watched(source, watcher), processor);
                            }
                        });
        Set<Integer> end = endOfGeneration(path, parts.tokenizer, config.vocabSize());
        return new LocalModel(path, parts.gpt, parts.tokenizer, end, processor);
    }

    private static Optional<Tokenizer> tokenizer(Path path, GptConfig config) {
        if (!Files.exists(path.resolve("tokenizer.json"))) {
            return Optional.empty();
        }
        return Optional.of(checked(path, TokenizerJson.read(path, config.vocabSize()), config));
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

    /** Counts tensors as they are asked for: those before are in memory then. */
    private static final class Watched implements TensorSource {
        private final TensorSource source;
        private final Watcher watcher;
        private final long total;
        private long done;

        Watched(TensorSource source, Watcher watcher) {
            this.source = source;
            this.watcher = watcher;
            total = source.names().stream().mapToLong(name -> bytes(source.find(name))).sum();
        }

        private static long bytes(Optional<StoredRows> tensor) {
            return tensor.map(rows -> rows.rows() * rows.type().bytes(rows.cols())).orElse(0L);
        }

        @Override
        public Set<String> names() {
            return source.names();
        }

        @Override
        public Optional<StoredRows> find(String name) {
            watcher.at(done, total);
            Optional<StoredRows> found = source.find(name);
            done += bytes(found);
            return found;
        }

        @Override
        public String nameInFile(String name) {
            return source.nameInFile(name);
        }
    }

    private static Gpt load(Path path, GptConfig config, TensorSource source, Processor processor) {
        try {
            return GptLoader.load(config, source, processor.threads());
        } catch (CheckpointException | NonFiniteException e) {
            throw new ModelFileException(path, String.valueOf(e.getMessage()));
        }
    }

    private static Tokenizer checked(Path path, Tokenizer tokenizer, GptConfig config) {
        if (tokenizer.vocabSize() > config.vocabSize()) {
            throw new ModelFileException(
                    path,
                    "tokenizer",
                    tokenizer.vocabSize() + " tokens",
                    "at most the " + config.vocabSize() + " that the model knows");
        }
        return tokenizer;
    }

    /** The token that its tokenizer begins texts with, or -1 for none. */
    public int firstToken() {
        return tokenizer.filter(Tokenizer::addsBos).map(given -> given.bos().orElse(-1)).orElse(-1);
    }

    @Override
    public void close() {
        processor.close();
    }
}
