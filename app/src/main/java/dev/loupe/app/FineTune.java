package dev.loupe.app;

import dev.loupe.train.DataException;
import dev.loupe.train.Settings;
import dev.loupe.train.TuneSettings;
import dev.loupe.train.Tuning;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.nio.file.Path;
import java.util.concurrent.Callable;

/** {@code loupe finetune}: a model that is there learns from data. */
@Command(
        name = "finetune",
        description = "Fine-tunes a model on text or on examples of answers.",
        footer = {
            "",
            "Of examples, answers alone are learned: completions, and what assistants say. The"
                    + " folder is a model: loupe generate -m DIR. With --lora it holds adapters"
                    + " alone and needs MODEL where it is; `loupe export` merges them. Ctrl-C saves"
                    + " where training stands; --resume goes on, to the same weights as if it had"
                    + " never stopped."
        })
final class FineTune implements Callable<Integer> {
    private static final int INTERRUPTED = 130;

    @Mixin private TuneOptions options = new TuneOptions();

    @Option(
            names = {"-o", "--output"},
            paramLabel = "DIR",
            required = true,
            description = "The folder of the run.")
    private Path output = Path.of("");

    @Option(
            names = "--resume",
            description = "Go on with the run in DIR, as it was begun; no other option is needed.")
    private boolean resume;

    @Option(
            names = "--dry-run",
            description = "Say what would be trained, how much memory it takes, and how long.")
    private boolean dryRun;

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            description = "Threads that compute. Default: the processors of this machine.")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(names = "--json", description = "One JSON object a line instead of text.")
    private boolean json;

    @Override
    public Integer call() {
        ModelOptions.checkThreads(threads);
        try (Tuning tuning = prepare(settings())) {
            if (tuning.skipped() > 0) {
                System.err.println("loupe: passed over " + tuning.skipped() + " lines");
            }
            if (dryRun) {
                TrainingPlan plan = new TrainingPlan(tuning, json);
                plan.describe();
                plan.estimate();
                return 0;
            }
            if (!resume) {
                tuning.begin();
            }
            Training training = new Training(output, tuning, tuning.processor(), json);
            return training.run(resume) ? 0 : INTERRUPTED;
        }
    }

    private Tuning prepare(TuneSettings settings) {
        try {
            return new Tuning(output, settings, resume, threads, Progress::show);
        } catch (OutOfMemoryError e) {
            throw new UserException(
                    "not enough memory for the weights, gradients and moments of this model; take"
                            + " --lora, or a smaller one",
                    e);
        } finally {
            Progress.end();
        }
    }

    private TuneSettings settings() {
        if (resume) {
            if (options.given()) {
                throw new WrongUsage("--resume goes on as the run was begun; leave the rest out");
            }
            return TuneSettings.read(output);
        }
        if (TuneSettings.present(output) || Settings.present(output)) {
            throw new UserException(
                    output + " has a run already; --resume goes on with it, or name another -o");
        }
        try {
            return options.settings();
        } catch (DataException e) {
            throw new WrongUsage(String.valueOf(e.getMessage()));
        }
    }
}
