package dev.loupe.files;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Maps a regular file for reading. */
final class MappedFile {
    private MappedFile() {}

    /**
     * All bytes of the file, for as long as the arena lives.
     *
     * @throws ModelFileException if it is missing, not a regular file, or cannot be read
     */
    static MemorySegment map(Path file, Arena arena) {
        FileKind.requireRegular(file);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        } catch (IOException e) {
            throw new ModelFileException(file, "cannot be read: " + e.getMessage());
        }
    }
}
