package dev.loupe.app;

import dev.loupe.kernels.Processor;
import dev.loupe.train.DataException;
import dev.loupe.train.Run;
import dev.loupe.train.Settings;
import dev.loupe.train.TuneSettings;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.nio.file.Path;
import java.util.concurrent.Callable;

/** {@code loupe train}: text to a model. */
@Command(
        name = "train",
        description = "Trains a GPT on text, from nothing.",
        footer = {
            "",
            "The folder is a model from the first validation on: loupe generate -m DIR. Ctrl-C"
                + " saves where training stands; --resume goes on, to the same weights as if it had"
                + " never stopped."
        })
final class Train implements Callable<Integer> {
    private static final int INTERRUPTED = 130;

    @Mixin private TrainOptions options = new TrainOptions();

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
        Settings settings = settings();
        try (Processor processor = Processor.of(threads);
                Run run = prepare(settings, processor)) {
            Training training = new Training(output, run, processor, json);
            if (!resume && !dryRun) {
                settings.write(output);
            }
            if (dryRun) {
                training.describe();
                training.estimate();
                return 0;
            }
            return training.run(resume) ? 0 : INTERRUPTED;
        }
    }

    private Run prepare(Settings settings, Processor processor) {
        try {
            return new Run(output, settings, processor, Progress::show);
        } catch (OutOfMemoryError e) {
            throw new UserException(
                    "not enough memory for the weights, gradients and moments of this model; take a"
                            + " smaller one",
                    e);
        } finally {
            Progress.end();
        }
    }

    private Settings settings() {
        if (resume) {
            if (options.given()) {
                throw new WrongUsage("--resume goes on as the run was begun; leave the rest out");
            }
            return Settings.read(output);
        }
        if (Settings.present(output) || TuneSettings.present(output)) {
            throw new UserException(
                    output + " has a run already; --resume goes on with it, or name another -o");
        }
        Settings settings;
        try {
            settings = options.settings();
        } catch (DataException e) {
            throw new WrongUsage(String.valueOf(e.getMessage()));
        }
        return settings;
    }
}
