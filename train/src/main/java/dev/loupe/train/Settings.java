package dev.loupe.train;

import java.nio.file.Path;
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
 * @param checkpointsKept how many checkpoints are kept, the last ones; at least two, as runs have
 *     that began before there was a choice
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
        int checkpointsKept,
        boolean brief)
        implements Plan {
    private static final SettingsFile<Settings> FILE =
            new SettingsFile<>("run.json", Settings.class, "a run");

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
        checkpointsKept = Math.max(checkpointsKept, Checkpoints.KEPT);
    }

    /** Whether a folder is that of a run. */
    public static boolean present(Path folder) {
        return FILE.present(folder);
    }

    /** Writes them into the folder of a run. */
    public void write(Path folder) {
        FILE.write(folder, this);
    }

    /**
     * Reads those of a run.
     *
     * @throws DataException if there are none, or they are damaged
     */
    public static Settings read(Path folder) {
        return FILE.read(folder);
    }
}
