package dev.loupe.files;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * Writes a folder of files so that nobody sees a part of it: beside its final place first, then
 * renamed. A failure leaves what was there before.
 */
final class NewFolder {
    private NewFolder() {}

    /** Puts the files into a folder. */
    interface Content {
        void writeTo(Path folder) throws IOException;
    }

    /**
     * Writes the folder. Where one is there already, files of the same names are replaced and
     * others stay.
     *
     * @throws ModelFileException if it cannot be written, with the system's reason
     */
    static void write(Path folder, Content content) {
        Path absolute = folder.toAbsolutePath();
        if (Files.exists(absolute) && !Files.isDirectory(absolute)) {
            throw new ModelFileException(folder, "is a file, expected a folder to write");
        }
        Path part = absolute.resolveSibling("." + UUID.randomUUID() + ".part");
        try {
            Files.createDirectory(part);
            content.writeTo(part);
            if (Files.isDirectory(absolute)) {
                moveInto(absolute, part);
            } else {
                Files.move(part, absolute, StandardCopyOption.ATOMIC_MOVE);
            }
        } catch (IOException e) {
            throw new ModelFileException(folder, "cannot be written: " + NewFile.reason(e));
        } finally {
            deleteQuietly(part);
        }
    }

    private static void moveInto(Path folder, Path part) throws IOException {
        for (Path file : files(part)) {
            Files.move(
                    file,
                    folder.resolve(file.getFileName().toString()),
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted(Comparator.naturalOrder()).toList();
        }
    }

    private static void deleteQuietly(Path part) {
        try {
            if (Files.isDirectory(part)) {
                for (Path file : files(part)) {
                    Files.delete(file);
                }
                Files.delete(part);
            }
        } catch (IOException e) {
            // the reason that the write failed for matters more
        }
    }
}
