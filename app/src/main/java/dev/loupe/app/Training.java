package dev.loupe.app;

import dev.loupe.generate.Generation;
import dev.loupe.generate.Generator;
import dev.loupe.generate.Request;
import dev.loupe.generate.Sampling;
import dev.loupe.kernels.Processor;
import dev.loupe.model.GptConfig;
import dev.loupe.model.Parameter;
import dev.loupe.train.Course;
import dev.loupe.train.Plan;
import dev.loupe.train.StepReport;
import dev.loupe.train.Trainer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;

/** A run from its first step to its last, with all that it shows on the way. */
final class Training {
    private static final int SAMPLE_TOKENS = 200;

    private final Path folder;
    private final Course run;
    private final Processor processor;
    private final boolean json;
    private volatile boolean stopped;

    Training(Path folder, Course run, Processor processor, boolean json) {
        this.folder = folder;
        this.run = run;
        this.processor = processor;
        this.json = json;
    }

    /** What is about to be trained. */
    void describe() {
        GptConfig config = run.trainer().gpt().config();
        long parameters = run.trainer().parameters().stream().mapToLong(Parameter::size).sum();
        if (json) {
            return;
        }
        System.out.printf(
                Locale.ROOT,
                "%s: %,d %s; %d blocks of %d heads, width %d, context %d, %,d tokens to"
                        + " tell apart%n",
                config.family(),
                parameters,
                run.parameters(),
                config.nLayer(),
                config.attention().nHead(),
                config.nEmbd(),
                config.nCtx(),
                config.vocabSize());
        System.out.println(run.data());
        System.out.flush();
    }

    /** Runs some steps that are not kept, and says what all of them would take. */
    void estimate() {
        for (int i = 0; i < 3; i++) {
            run.trainer().next();
        }
        double seconds = Double.MAX_VALUE;
        for (int i = 0; i < 5; i++) {
            seconds =
                    Math.min(seconds, run.tokensOfStep() / run.trainer().next().tokensPerSecond());
        }
        long steps = run.settings().recipe().schedule().steps();
        Runtime runtime = Runtime.getRuntime();
        long used = runtime.totalMemory() - runtime.freeMemory();
        System.out.printf(
                Locale.ROOT,
                "memory: about %,d MB; time: about %s at %.2f s a step, %,.0f tokens/s%n",
                used >> 20,
                clock(steps * seconds),
                seconds,
                run.tokensOfStep() / seconds);
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
            if (!json) {
                System.out.println(
                        found
                                ? "going on from step " + trainer.step()
                                : "there is no checkpoint yet; from the start");
            }
        }
        describe();
        Interrupts interrupts = new Interrupts(() -> stopped = true);
        try {
            while (!trainer.finished() && !stopped) {
                step(trainer);
            }
            Progress.end();
            run.checkpoints().save(trainer);
            run.saveModel();
            if (trainer.finished()) {
                System.out.println("done: " + folder + " is a model; loupe generate -m " + folder);
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

    private void step(Trainer trainer) {
        Plan settings = run.settings();
        StepReport report = trainer.next();
        if (report.skipped() != null) {
            warn("step " + report.step() + " changed nothing: " + report.skipped());
            if (trainer.stuck()) {
                goBack(trainer);
                return;
            }
        }
        long steps = settings.recipe().schedule().steps();
        boolean last = trainer.finished();
        boolean evaluates =
                run.validates() && (last || report.step() % settings.evaluateEvery() == 0);
        show(report, steps);
        if (evaluates) {
            double loss = run.validate();
            tell(report, steps, loss);
            run.saveModel();
        }
        if (report.step() % settings.sampleEvery() == 0) {
            sample(report.step());
        }
        if (report.step() % settings.checkpointEvery() == 0) {
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
    private void show(StepReport report, long steps) {
        double left = (steps - report.step()) * run.tokensOfStep() / report.tokensPerSecond();
        String line =
                String.format(
                        Locale.ROOT,
                        "loss %.4f  %,.0f tokens/s  %s left  step",
                        report.loss(),
                        report.tokensPerSecond(),
                        clock(left));
        Progress.show(line, report.step(), steps);
    }

    private void tell(StepReport report, long steps, double validation) {
        Progress.end();
        if (json) {
            Json.print(
                    Json.object()
                            .put("step", report.step())
                            .put("loss", report.loss())
                            .put("val_loss", validation)
                            .put("tokens_per_second", report.tokensPerSecond()));
            return;
        }
        System.out.printf(
                Locale.ROOT,
                "step %d of %d: loss %.4f, validation %.4f, %,.0f tokens/s%n",
                report.step(),
                steps,
                report.loss(),
                validation,
                report.tokensPerSecond());
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
        Generation sample = generator.generate(request, token -> {});
        String text = run.tokenizer().decode(sample.ids());
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

    private static String clock(double seconds) {
        long s = Math.round(seconds);
        return s >= 3600
                ? s / 3600 + " h " + s % 3600 / 60 + " min"
                : s >= 60 ? s / 60 + " min " + s % 60 + " s" : s + " s";
    }
}
