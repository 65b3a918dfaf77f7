package dev.loupe.files.store;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * The last file of a pull: only a folder that has it is a model.
 *
 * @param source what was pulled
 * @param files the names of its files
 * @param pulled when, as ISO 8601 writes it
 */
@JsonIgnoreProperties(ignoreUnknown = true)
record Manifest(String source, List<String> files, String pulled) {
    static final String NAME = "pulled.json";

    private static final int LONGEST = 1 << 20;
    private static final ObjectMapper JSON = new ObjectMapper();

    Manifest {
        if (source == null || files == null || pulled == null) {
            throw new IllegalArgumentException("source, files and pulled must be there");
        }
        files = List.copyOf(files);
    }

    /** The manifest of a folder, or null where there is none that can be read. */
    static @Nullable Manifest read(Path folder) {
        Path file = folder.resolve(NAME);
        try {
            if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                    || Files.size(file) > LONGEST) {
                return null;
            }
            return JSON.readValue(Files.readAllBytes(file), Manifest.class);
        } catch (IOException e) {
            return null;
        }
    }

    void write(Path folder) throws IOException {
        Path next = folder.resolve(NAME + ".part");
        // made anew, so that no link that lies there is written through
        Files.deleteIfExists(next);
        Files.write(
                next,
                JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(this),
                StandardOpenOption.CREATE_NEW);
        Files.move(next, folder.resolve(NAME), StandardCopyOption.ATOMIC_MOVE);
    }
}
