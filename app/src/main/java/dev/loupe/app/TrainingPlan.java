package dev.loupe.app;

import dev.loupe.model.GptConfig;
import dev.loupe.model.Parameter;
import dev.loupe.train.Course;
import dev.loupe.train.Run;

import java.util.Locale;

/** What a run is about to do, and what it takes. */
final class TrainingPlan {
    /** How many steps are tried, unless they take long. */
    private static final int TRIED = 8;

    /** So many seconds of trying are enough. */
    private static final double ENOUGH = 15;

    private final Course run;
    private final boolean json;

    TrainingPlan(Course run, boolean json) {
        this.run = run;
        this.json = json;
    }

    /** What is about to be trained. */
    void describe() {
        if (json) {
            return;
        }
        GptConfig config = run.trainer().gpt().config();
        System.out.printf(
                Locale.ROOT,
                "%s: %,d %s; %d blocks of %d heads, width %d, context %d, %,d tokens to"
                        + " tell apart%n",
                config.family(),
                parameters(),
                run.parameters(),
                config.nLayer(),
                config.attention().nHead(),
                config.nEmbd(),
                config.nCtx(),
                config.vocabSize());
        System.out.println(run.data());
        System.out.flush();
    }

    private long parameters() {
        return run.trainer().parameters().stream().mapToLong(Parameter::size).sum();
    }

    /** What training takes: of a new model it is known, else it is what is in use after a step. */
    private long memory() {
        if (run instanceof Run fresh) {
            return fresh.memory().total(fresh.settings().recipe().batch());
        }
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }

    /**
     * Runs some steps that are not kept, and says what all of them would take: as long as the
     * quickest, for the first ones are slower, while methods are compiled.
     */
    void estimate() {
        double seconds = Double.MAX_VALUE;
        double tried = 0;
        for (int i = 0; i < TRIED && tried < ENOUGH; i++) {
            double step = run.tokensOfStep() / run.trainer().next().tokensPerSecond();
            seconds = Math.min(seconds, step);
            tried += step;
        }
        long steps = run.settings().recipe().schedule().steps();
        long bytes = memory();
        if (json) {
            Json.print(
                    Json.object()
                            .put("parameters", parameters())
                            .put("tokens_of_step", run.tokensOfStep())
                            .put("memory_bytes", bytes)
                            .put("seconds", steps * seconds)
                            .put("tokens_per_second", run.tokensOfStep() / seconds));
            return;
        }
        System.out.printf(
                Locale.ROOT,
                "memory: about %,d MB; time: about %s at %.2f s a step, %,.0f tokens/s%n",
                bytes >> 20,
                clock(steps * seconds),
                seconds,
                run.tokensOfStep() / seconds);
    }

    static String clock(double seconds) {
        long s = Math.round(seconds);
        return s >= 3600
                ? s / 3600 + " h " + s % 3600 / 60 + " min"
                : s >= 60 ? s / 60 + " min " + s % 60 + " s" : s + " s";
    }
}
