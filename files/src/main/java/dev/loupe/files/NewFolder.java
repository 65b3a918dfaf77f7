package dev.loupe.files;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;

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
        try (Unfinished _ = new Unfinished(part)) {
            Files.createDirectory(part);
            content.writeTo(part);
            if (Files.isDirectory(absolute)) {
                moveInto(absolute, part);
            } else {
                Files.move(part, absolute, StandardCopyOption.ATOMIC_MOVE);
            }
            NewFile.syncNames(absolute.resolveSibling(""));
        } catch (IOException e) {
            throw new ModelFileException(folder, "cannot be written: " + NewFile.reason(e));
        }
    }

    private static void moveInto(Path folder, Path part) throws IOException {
        for (Path file : Unfinished.files(part)) {
            Files.move(
                    file,
                    folder.resolve(file.getFileName().toString()),
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        }
        NewFile.syncNames(folder);
    }
}
