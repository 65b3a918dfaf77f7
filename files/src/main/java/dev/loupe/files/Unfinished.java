package dev.loupe.files;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * A file, or a folder of files, that is being written under a name of its own. What is still there
 * when this is closed, or when the program is interrupted, is deleted.
 */
final class Unfinished implements AutoCloseable {
    private final Path path;
    private final Thread hook = new Thread(this::delete);

    Unfinished(Path path) {
        this.path = path;
        Runtime.getRuntime().addShutdownHook(hook);
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // the program is ending, and the hook does the same
            return;
        }
        delete();
    }

    private void delete() {
        try {
            if (Files.isDirectory(path)) {
                for (Path file : files(path)) {
                    Files.deleteIfExists(file);
                }
            }
            Files.deleteIfExists(path);
        } catch (IOException e) {
            // the reason that writing ended for matters more
            return;
        }
    }

    static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }
}
