package dev.loupe.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * Writes a file so that nobody ever sees half of it: beside its final place first, then to the
 * disk, then renamed. A failure leaves what was there before.
 */
final class NewFile {
    private NewFile() {}

    /** Puts the bytes of a file, front to back. */
    interface Content {
        void writeTo(WritableByteChannel out) throws IOException;
    }

    /**
     * Writes the file, whole or not at all.
     *
     * @throws ModelFileException if the file cannot be written, with the system's reason
     */
    static void write(Path file, Content content) {
        Path absolute = file.toAbsolutePath();
        if (Files.isDirectory(absolute)) {
            throw new ModelFileException(file, "is a directory, expected a file to write");
        }
        Path part = absolute.resolveSibling("." + UUID.randomUUID() + ".part");
        try (Unfinished _ = new Unfinished(part)) {
            try (FileChannel out =
                    FileChannel.open(
                            part, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
                content.writeTo(out);
                out.force(true);
            }
            Files.move(
                    part,
                    absolute,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
            syncNames(absolute.resolveSibling(""));
        } catch (IOException e) {
            throw new ModelFileException(file, "cannot be written: " + reason(e));
        }
    }

    /** Without this a power cut can undo a rename, for names are the folder's data. */
    static void syncNames(Path folder) {
        try (FileChannel names = FileChannel.open(folder, StandardOpenOption.READ)) {
            names.force(true);
        } catch (IOException e) {
            // Windows opens no folders, and some file systems sync none; the file is whole anyway
            return;
        }
    }

    static void writeFully(WritableByteChannel out, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
    }

    static String reason(IOException e) {
        if (e instanceof NoSuchFileException) {
            return "its folder does not exist";
        }
        if (e instanceof FileAlreadyExistsException) {
            return "it exists";
        }
        if (e instanceof FileSystemException f && f.getReason() != null) {
            return f.getReason();
        }
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }
}
