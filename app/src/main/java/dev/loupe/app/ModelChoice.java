package dev.loupe.app;

import dev.loupe.files.Tokenizers;
import dev.loupe.files.store.ModelStore;
import dev.loupe.files.store.Settings;
import dev.loupe.tokens.Tokenizer;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Which model; without a word about it, the one used last, or else one that came with Loupe. */
class ModelChoice implements OptionList.Shared {
    @Option(
            names = {"-m", "--model"},
            paramLabel = "MODEL",
            description =
                    "A .gguf file, a folder with config.json, or the name of a pulled model."
                            + " Default: the one used last, or else loupe-story, which came with"
                            + " Loupe.")
    private @Nullable String model;

    @Override
    public String heading() {
        return "Model";
    }

    /** Where the model is. */
    Path path() {
        return of(model);
    }

    /**
     * Where a model is.
     *
     * @param model its path or name; null for the one that commands take which name none
     */
    static Path of(@Nullable String model) {
        return model != null ? named(model) : usedLast().orElseGet(ModelChoice::own);
    }

    private static Path named(String model) {
        ModelStore store = ModelStore.ofEnvironment();
        Optional<Path> own = model.equals(OwnModel.NAME) ? OwnModel.path() : Optional.empty();
        return store.resolve(model).or(() -> own).orElseGet(() -> store.require(model));
    }

    private static Optional<Path> usedLast() {
        try {
            Path last = lastUsed();
            if (Files.isRegularFile(last)) {
                Path path = Path.of(Files.readString(last).strip());
                if (Files.exists(path)) {
                    return Optional.of(path);
                }
            }
            return Optional.empty();
        } catch (IOException | RuntimeException e) {
            throw new UserException("the model used last cannot be found; say which with -m", e);
        }
    }

    /** The model that came with Loupe. It says so: whoever named none may expect another. */
    private static Path own() {
        Path path =
                OwnModel.path()
                        .orElseThrow(() ->
                                new UserException(
                                        "which model? say so with -m FILE, -m FOLDER or -m NAME;"
                                                + " `loupe pull smollm2` fetches a small one"));
        System.err.println(
                "loupe: the model is "
                        + OwnModel.NAME
                        + ", which came with Loupe; -m NAME takes another");
        return path;
    }

    /** The model's tokenizer, without its weights. */
    Tokenizer openTokenizer() {
        if (model != null && Files.isRegularFile(Path.of(model, "tokenizer.json"))) {
            // one that was trained here has no model beside it yet
            return Tokenizers.open(Path.of(model));
        }
        Path path = path();
        Tokenizer tokenizer = Tokenizers.open(path);
        remember(path);
        return tokenizer;
    }

    /** Makes a model that was named the model used last. */
    void remember(Path path) {
        if (model != null) {
            makeLast(path);
        }
    }

    /** Makes it the model used last: the one that commands take which name none. */
    static void makeLast(Path path) {
        try {
            Path last = lastUsed();
            Files.createDirectories(last.getParent());
            Files.writeString(last, path.toAbsolutePath().normalize() + "\n");
        } catch (IOException e) {
            // it only spares typing: a read-only home must not stop the command
            return;
        }
    }

    private static Path lastUsed() {
        return Settings.of(System.getenv()).root().resolveSibling("last-model");
    }
}
