package dev.loupe.app;

import java.net.URISyntaxException;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
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

    /** The model in the folder {@code models} beside a jar, or beside a folder of classes. */
    static Optional<Path> beside(Path code) {
        return Optional.of(code.resolveSibling("models").resolve(NAME + ".gguf"))
                .filter(Files::isRegularFile);
    }
}
