package dev.loupe.app;

import dev.loupe.files.Gguf;
import dev.loupe.files.store.StoredModel;
import dev.loupe.model.StoredTensor;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The model that came with Loupe, for whoever has no other yet: a file in {@code src/main/models}
 * when this was built, which the build puts beside the jar.
 */
final class OwnModel {
    /** What {@code -m} calls it. */
    static final String NAME = "loupe-story";

    /** What it goes on from best: it has read stories and nothing else. */
    static final String BEGINNING = "Once upon a time, there was a";

    private OwnModel() {}

    /** Where it is; empty if this build has none. */
    static Optional<Path> path() {
        CodeSource source = OwnModel.class.getProtectionDomain().getCodeSource();
        if (source == null) {
            return Optional.empty();
        }
        try {
            return beside(Path.of(source.getLocation().toURI()));
        } catch (URISyntaxException | IllegalArgumentException | FileSystemNotFoundException e) {
            // classes from somewhere else than a disk have no file beside them
            return Optional.empty();
        }
    }

    /** Models that were pulled, and behind them this one, unless one of them has its name. */
    static List<StoredModel> after(List<StoredModel> pulled) {
        List<StoredModel> models = new ArrayList<>(pulled);
        if (pulled.stream().noneMatch(model -> model.name().equals(NAME))) {
            path().map(OwnModel::asStored).ifPresent(models::add);
        }
        return models;
    }

    private static StoredModel asStored(Path path) {
        try (Gguf gguf = Gguf.open(path)) {
            Comparator<StoredTensor> bySize =
                    Comparator.comparingLong(t -> t.rows() * t.type().bytes(t.cols()));
            String type =
                    gguf.tensors().values().stream()
                            .max(bySize)
                            .map(tensor -> " " + tensor.type())
                            .orElse("");
            return new StoredModel(NAME, path, "GGUF" + type, Files.size(path), null);
        } catch (IOException e) {
            throw new UserException("cannot read " + path + ": " + e.getMessage(), e);
        }
    }

    /** The model in the folder {@code models} beside a jar, or beside a folder of classes. */
    static Optional<Path> beside(Path code) {
        return Optional.of(code.resolveSibling("models").resolve(NAME + ".gguf"))
                .filter(Files::isRegularFile);
    }
}
