package dev.loupe.app;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.kernels.Processor;
import dev.loupe.train.DataException;
import dev.loupe.train.LossCurve;
import dev.loupe.train.Metrics;
import dev.loupe.train.Run;
import dev.loupe.train.Settings;
import dev.loupe.train.TuneSettings;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.nio.file.Path;
import java.util.List;
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
            names = "--curve",
            description = "Draw how the loss of the run in DIR fell, and do nothing else.")
    private boolean curve;

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
        if (curve) {
            return draw();
        }
        Settings settings = settings();
        try (Processor processor = Processor.of(threads);
                Run run = prepare(settings, processor)) {
            warn(run);
            if (dryRun) {
                TrainingPlan plan = new TrainingPlan(run, json);
                plan.describe();
                plan.estimate();
                return 0;
            }
            if (!resume) {
                settings.write(output);
            }
            return new Training(output, run, processor, json).run(resume) ? 0 : INTERRUPTED;
        }
    }

    private static void warn(Run run) {
        if (run.skipped() > 0) {
            System.err.println("loupe: passed over " + run.skipped() + " lines");
        }
        int found = run.tokenizer().vocabSize();
        int asked = run.settings().vocabSize();
        if (run.settings().tokenizer().equals("bpe") && found < asked) {
            System.err.println(
                    "loupe: the text teaches "
                            + found
                            + " tokens, not "
                            + asked
                            + "; the vocabulary has those");
        }
    }

    private int draw() {
        List<Metrics.Point> points = Metrics.read(output);
        if (json) {
            for (Metrics.Point point : points) {
                ObjectNode line = Json.object().put("step", point.step()).put("loss", point.loss());
                if (!Double.isNaN(point.validation())) {
                    line.put("val_loss", point.validation());
                }
                Json.print(line);
            }
            return 0;
        }
        LossCurve drawn = LossCurve.of(points);
        if (drawn.isEmpty()) {
            throw new UserException(output + " has no step yet; look again later");
        }
        System.out.print(drawn.text(Training.CURVE_COLUMNS, Training.CURVE_ROWS));
        return 0;
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
