package dev.loupe.train;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * The file in a run's folder that says what the run is.
 *
 * @param name of the file
 * @param kind what a folder that has one is: {@code a run}
 */
record SettingsFile<T>(String name, Class<T> type, String kind) {
    private static final ObjectMapper JSON =
            new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    boolean present(Path folder) {
        return Files.isRegularFile(folder.resolve(name));
    }

    /** Writes it aside first, so that there is a whole one at any time. */
    void write(Path folder, T settings) {
        try {
            Files.createDirectories(folder);
            Path part = folder.resolve(name + ".part");
            Files.writeString(part, JSON.writeValueAsString(settings) + "\n");
            Files.move(
                    part,
                    folder.resolve(name),
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new DataException(folder, "cannot be written: " + e.getMessage());
        }
    }

    T read(Path folder) {
        Path file = folder.resolve(name);
        try {
            return JSON.readValue(Files.readString(file), type);
        } catch (JacksonException e) {
            throw new DataException(file, "is damaged: " + e.getOriginalMessage());
        } catch (IOException e) {
            throw new DataException(folder, "is not the folder of " + kind + ": it has no " + name);
        }
    }
}
