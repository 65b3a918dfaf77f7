package dev.loupe.train;

import org.jspecify.annotations.Nullable;

import java.nio.file.Path;
import java.util.List;

/**
 * What a fine-tuning is: enough to begin it again, and to go on with it. What it is made of is in
 * {@code base.json} beside it.
 *
 * @param base absolute path of the model
 * @param data absolute paths of text or examples
 * @param skipBad whether broken lines of it are passed over
 * @param lora adapters; null if all weights are trained
 * @param context tokens of a window of text, and of an example at most; 0 until the model is known
 * @param together tokens of examples that go through the model at once
 * @param epochs times through the data, from which the steps follow; 0 where they are known
 * @param validation which part is not trained on: of text its end, of examples one every so often
 * @param evaluateEvery steps between two validations; 0 until the steps are known
 * @param evaluateMost windows or examples of each
 * @param sampleEvery steps between two samples; 0 until the steps are known
 * @param samplePrompt what they begin with; null: an example's, or a line feed
 * @param checkpointEvery steps between two checkpoints; 0 until the steps are known
 */
public record TuneSettings(
        String base,
        List<String> data,
        boolean skipBad,
        @Nullable LoraSettings lora,
        int context,
        int together,
        Recipe recipe,
        double epochs,
        double validation,
        long evaluateEvery,
        int evaluateMost,
        long sampleEvery,
        @Nullable String samplePrompt,
        long checkpointEvery)
        implements Plan {
    private static final SettingsFile<TuneSettings> FILE =
            new SettingsFile<>("finetune.json", TuneSettings.class, "a fine-tuning");

    /**
     * Checks them.
     *
     * @throws DataException if something is out of its range
     */
    public TuneSettings {
        data = List.copyOf(data);
        require(context == 0 || context >= 2, "context", context, "2 or more");
        require(together >= 1, "together", together, "1 or more");
        require(epochs >= 0 && epochs < 1e6, "epochs", epochs, "more than 0");
        require(validation >= 0 && validation < 1, "val", validation, "0 to less than 1");
        if (evaluateEvery < 0 || sampleEvery < 0 || checkpointEvery < 0 || evaluateMost < 1) {
            throw new DataException("steps between two of anything are at least 1");
        }
    }

    private static void require(boolean so, String name, Object found, String expected) {
        if (!so) {
            throw new DataException(name + ": found " + found + ", expected " + expected);
        }
    }

    /** The same with a context. */
    TuneSettings within(int tokens) {
        return new TuneSettings(
                base,
                data,
                skipBad,
                lora,
                tokens,
                together,
                recipe,
                epochs,
                validation,
                evaluateEvery,
                evaluateMost,
                sampleEvery,
                samplePrompt,
                checkpointEvery);
    }

    /**
     * The same, with all that follows from the number of steps.
     *
     * @param perEpoch how many windows or examples there are to train on
     */
    TuneSettings over(long perEpoch) {
        Schedule rates = recipe.schedule();
        long each = (long) recipe.batch() * recipe.accumulation();
        long steps =
                epochs == 0
                        ? rates.steps()
                        : Math.max(1, (long) Math.ceil(epochs * perEpoch / each));
        long warmUp = rates.warmUp() < 0 ? Math.min(100, steps / 10) : rates.warmUp();
        return new TuneSettings(
                base,
                data,
                skipBad,
                lora,
                context,
                together,
                recipe.with(
                        new Schedule(rates.kind(), rates.highest(), rates.lowest(), warmUp, steps)),
                0,
                validation,
                evaluateEvery == 0 ? Math.max(1, steps / 10) : evaluateEvery,
                evaluateMost,
                sampleEvery == 0 ? Math.max(1, steps / 3) : sampleEvery,
                samplePrompt,
                checkpointEvery == 0 ? Math.max(1, steps / 10) : checkpointEvery);
    }

    /** Whether a folder is that of a fine-tuning. */
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
    public static TuneSettings read(Path folder) {
        return FILE.read(folder);
    }
}
