package dev.loupe.app;

import dev.loupe.files.LocalModel;
import dev.loupe.files.store.ModelStore;
import dev.loupe.files.store.Settings;
import dev.loupe.tokens.Tokenizer;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Which model, and how many threads; part of every command that runs one. */
final class ModelOptions {
    @Option(
            names = {"-m", "--model"},
            paramLabel = "MODEL",
            description =
                    "A .gguf file, a folder with config.json, or the name of a pulled model."
                            + " Default: the one used last.")
    private @Nullable String model;

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            description = "Threads that compute. Default: the processors of this machine.")
    private int threads = Runtime.getRuntime().availableProcessors();

    int threads() {
        return threads;
    }

    /** Loads the model; the caller closes it. */
    LocalModel load() {
        if (threads < 1 || threads > 1024) {
            throw new UserException("--threads: found " + threads + ", expected 1 to 1024");
        }
        Path path = path();
        LocalModel loaded = LocalModel.load(path, threads);
        if (loaded.processor().kernels().name().equals("scalar")) {
            System.err.println(
                    "loupe: WARNING: no vector module, so this is many times slower than it could"
                            + " be; start with ./loupe, or add --add-modules jdk.incubator.vector");
        }
        remember(path);
        return loaded;
    }

    /** Where the model is. */
    Path path() {
        if (model != null) {
            return ModelStore.ofEnvironment().require(model);
        }
        try {
            Path last = lastUsed();
            if (Files.isRegularFile(last)) {
                Path path = Path.of(Files.readString(last).strip());
                if (Files.exists(path)) {
                    return path;
                }
            }
        } catch (IOException | RuntimeException e) {
            throw new UserException("the model used last cannot be found; say which with -m", e);
        }
        throw new UserException(
                "which model? say so with -m FILE, -m FOLDER or -m NAME; `loupe pull smollm2`"
                        + " fetches a small one");
    }

    private static Path lastUsed() {
        return Settings.of(System.getenv()).root().resolveSibling("last-model");
    }

    private void remember(Path path) {
        if (model == null) {
            return;
        }
        try {
            Path last = lastUsed();
            Files.createDirectories(last.getParent());
            Files.writeString(last, path.toAbsolutePath().normalize() + "\n");
        } catch (IOException e) {
            // it only spares typing: a read-only home must not stop the command
            return;
        }
    }

    /** The tokenizer, where text needs one. */
    static Tokenizer tokenizer(LocalModel model) {
        return model.tokenizer()
                .orElseThrow(() ->
                        new UserException(
                                model.path()
                                        + " has no tokenizer (tokenizer.json), so it takes"
                                        + " and gives ids alone: --ids 1,2,3"));
    }
}
