package dev.loupe.train;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/**
 * What a run is: enough to begin it again, and to go on with it.
 *
 * @param data absolute paths of the text
 * @param skipBad whether broken lines of it are passed over
 * @param tokenizer {@code bpe}, {@code characters}, {@code bytes}, or the absolute path of a model
 *     whose tokenizer is used
 * @param vocabSize of a BPE that is learned
 * @param validation which part of the tokens, at the end, is not trained on
 * @param evaluateEvery steps between two validations
 * @param evaluateWindows windows of each
 * @param sampleEvery steps between two samples
 * @param samplePrompt what they begin with
 * @param checkpointEvery steps between two checkpoints
 * @param brief whether the model's file and the moments in checkpoints are bfloat16
 */
public record Settings(
        List<String> data,
        boolean skipBad,
        String tokenizer,
        int vocabSize,
        Architecture architecture,
        Recipe recipe,
        double validation,
        long evaluateEvery,
        int evaluateWindows,
        long sampleEvery,
        String samplePrompt,
        long checkpointEvery,
        boolean brief)
        implements Plan {
    private static final String NAME = "run.json";
    private static final ObjectMapper JSON =
            new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    /**
     * Checks them.
     *
     * @throws DataException if something is out of its range
     */
    public Settings {
        data = List.copyOf(data);
        if (!(validation >= 0 && validation < 1)) {
            throw new DataException("val: found " + validation + ", expected 0 to less than 1");
        }
        if (evaluateEvery < 1 || sampleEvery < 1 || checkpointEvery < 1 || evaluateWindows < 1) {
            throw new DataException("steps between two of anything are at least 1");
        }
    }

    /** Whether a folder is that of a run. */
    public static boolean present(Path folder) {
        return Files.isRegularFile(folder.resolve(NAME));
    }

    /** Writes them into the folder of a run. */
    public void write(Path folder) {
        try {
            Files.createDirectories(folder);
            Path part = folder.resolve(NAME + ".part");
            Files.writeString(part, JSON.writeValueAsString(this) + "\n");
            Files.move(
                    part,
                    folder.resolve(NAME),
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new DataException(folder, "cannot be written: " + e.getMessage());
        }
    }

    /**
     * Reads those of a run.
     *
     * @throws DataException if there are none, or they are damaged
     */
    public static Settings read(Path folder) {
        Path file = folder.resolve(NAME);
        try {
            return JSON.readValue(Files.readString(file), Settings.class);
        } catch (JacksonException e) {
            throw new DataException(file, "is damaged: " + e.getOriginalMessage());
        } catch (IOException e) {
            throw new DataException(folder, "is not the folder of a run: it has no " + NAME);
        }
    }
}
