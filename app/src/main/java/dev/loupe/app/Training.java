package dev.loupe.app;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.generate.Generation;
import dev.loupe.generate.Generator;
import dev.loupe.generate.Request;
import dev.loupe.generate.Sampling;
import dev.loupe.kernels.Processor;
import dev.loupe.train.Course;
import dev.loupe.train.LossCurve;
import dev.loupe.train.MatrixPeak;
import dev.loupe.train.Metrics;
import dev.loupe.train.Plan;
import dev.loupe.train.StepReport;
import dev.loupe.train.Trainer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/** A run from its first step to its last, with all that it shows on the way. */
final class Training {
    static final int CURVE_COLUMNS = 78;
    static final int CURVE_ROWS = 14;

    private static final int SAMPLE_TOKENS = 200;

    private final Path folder;
    private final Course run;
    private final Processor processor;
    private final boolean json;
    private final TrainingPlan plan;
    private final MatrixPeak peak;
    private volatile boolean stopped;

    /** Tokens a second, smoothed: one step may be held up. */
    private double pace;

    Training(Path folder, Course run, Processor processor, boolean json) {
        this.folder = folder;
        this.run = run;
        this.processor = processor;
        this.json = json;
        plan = new TrainingPlan(run, json);
        peak = new MatrixPeak(processor);
    }

    /**
     * Trains.
     *
     * @return false if it was interrupted
     */
    boolean run(boolean resume) {
        Trainer trainer = run.trainer();
        if (resume) {
            boolean found = run.checkpoints().resume(trainer, Training::warn);
            if (!found && run.checkpoints().exist()) {
                throw new UserException(
                        folder
                                + ": no checkpoint can be used; remove its folder checkpoints to"
                                + " begin again");
            }
            if (!json) {
                System.out.println(
                        found
                                ? "going on from step " + trainer.step()
                                : "there is no checkpoint yet; from the start");
            }
        }
        plan.describe();
        peak.measure();
        Interrupts interrupts = new Interrupts(() -> stopped = true);
        try (Metrics metrics = new Metrics(folder, trainer.step())) {
            while (!trainer.finished() && !stopped) {
                step(trainer, metrics);
            }
            Progress.end();
            metrics.sync();
            run.checkpoints().save(trainer);
            run.saveModel();
            metrics.draw();
            if (trainer.finished()) {
                done();
            } else {
                System.err.println(
                        "loupe: stopped at step " + trainer.step() + "; --resume goes on");
            }
            System.out.flush();
        } finally {
            interrupts.close();
        }
        return trainer.finished();
    }

    private void done() {
        if (json) {
            return;
        }
        LossCurve curve = LossCurve.of(Metrics.read(folder));
        if (!curve.isEmpty()) {
            System.out.println();
            System.out.print(curve.text(CURVE_COLUMNS, CURVE_ROWS));
        }
        System.out.println("done: " + folder + " is a model; loupe generate -m " + folder);
    }

    private void step(Trainer trainer, Metrics metrics) {
        Plan settings = run.settings();
        StepReport report = trainer.next();
        if (report.skipped() != null) {
            warn("step " + report.step() + " changed nothing: " + report.skipped());
            if (trainer.stuck()) {
                goBack(trainer);
                metrics.goOnFrom(trainer.step());
                return;
            }
        }
        long steps = settings.recipe().schedule().steps();
        boolean tells = trainer.finished() || report.step() % settings.evaluateEvery() == 0;
        double speed = report.tokensPerSecond();
        pace = pace == 0 ? speed : 0.9 * pace + 0.1 * speed;
        double utilization = peak.utilization(trainer.gpt(), speed);
        show(report, steps, peak.utilization(trainer.gpt(), pace));
        OptionalDouble validation =
                tells && run.validates()
                        ? OptionalDouble.of(run.validate())
                        : OptionalDouble.empty();
        metrics.add(report, validation, utilization);
        if (tells) {
            tell(report, steps, validation);
            run.saveModel();
            metrics.draw();
        }
        if (report.step() % settings.sampleEvery() == 0) {
            sample(report.step());
        }
        if (report.step() % settings.checkpointEvery() == 0) {
            metrics.sync();
            run.checkpoints().save(trainer);
        }
    }

    private void goBack(Trainer trainer) {
        if (!run.checkpoints().goBack(trainer, Training::warn)) {
            throw new UserException(
                    "the model is lost, and there is no checkpoint to go back to; take a lower"
                            + " --lr");
        }
        warn("went back to step " + trainer.step() + "; on with half the learning rate");
    }

    private static void warn(String message) {
        Progress.end();
        System.err.println("loupe: " + message);
    }

    /** The line that lives on the terminal. */
    private void show(StepReport report, long steps, double utilization) {
        double left = (steps - report.step()) * run.tokensOfStep() / pace;
        String line =
                String.format(
                        Locale.ROOT,
                        "loss %.4f  %,.0f tokens/s  MFU %.0f%%  %s left  step",
                        report.loss(),
                        pace,
                        100 * utilization,
                        TrainingPlan.clock(left));
        Progress.show(line, report.step(), steps);
    }

    private void tell(StepReport report, long steps, OptionalDouble validation) {
        Progress.end();
        peak.measure();
        double utilization = peak.utilization(run.trainer().gpt(), pace);
        if (json) {
            ObjectNode line = Json.object().put("step", report.step()).put("loss", report.loss());
            validation.ifPresent(loss -> line.put("val_loss", loss));
            line.put("tokens_per_second", pace)
                    .put("mfu", utilization)
                    .put("tokens", report.tokens())
                    .put("seconds", report.seconds());
            Json.print(line);
            return;
        }
        String held =
                validation.isPresent()
                        ? String.format(Locale.ROOT, "validation %.4f, ", validation.getAsDouble())
                        : "";
        System.out.printf(
                Locale.ROOT,
                "step %d of %d: loss %.4f, %s%,.0f tokens/s, MFU %.0f%%%n",
                report.step(),
                steps,
                report.loss(),
                held,
                pace,
                100 * utilization);
        System.out.flush();
    }

    /** What the model writes as it stands; it has random numbers of its own. */
    private void sample(long step) {
        Generator generator =
                new Generator(
                        run.trainer().gpt(), run.tokenizer(), run.endOfGeneration(), processor);
        int[] prompt = run.samplePrompt();
        int room = run.trainer().gpt().config().nCtx() - prompt.length;
        Request request =
                new Request(
                        prompt,
                        Sampling.PLAIN.withTemperature(0.8),
                        Math.min(SAMPLE_TOKENS, Math.max(1, room)),
                        List.of(),
                        false,
                        step);
        Generation sample =
                run.trainer().withAverage(() -> generator.generate(request, token -> run.tidy()));
        String text = run.tokenizer().decode(sample.ids());
        run.tidy();
        Progress.end();
        if (!json) {
            System.out.println("---- sample at step " + step);
            System.out.println(run.tokenizer().decode(prompt).stripLeading() + text);
            System.out.println("----");
            System.out.flush();
        }
        try {
            Files.writeString(
                    folder.resolve("samples.txt"),
                    "---- step " + step + "\n" + text + "\n",
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UserException("samples.txt cannot be written: " + e.getMessage(), e);
        }
    }
}
