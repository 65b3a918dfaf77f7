package dev.loupe.app;

import dev.loupe.model.GptConfig;
import dev.loupe.model.Parameter;
import dev.loupe.model.Parameters;
import dev.loupe.train.Run;
import dev.loupe.train.Settings;

import java.util.Locale;

/** What a run is about to do, and what it takes. */
final class TrainingPlan {
    private final Run run;
    private final boolean json;

    TrainingPlan(Run run, boolean json) {
        this.run = run;
        this.json = json;
    }

    /** What is about to be trained. */
    void describe() {
        GptConfig config = run.trainer().gpt().config();
        Settings settings = run.settings();
        long steps = settings.recipe().schedule().steps();
        long each = tokensOfStep();
        if (json) {
            return;
        }
        System.out.printf(
                Locale.ROOT,
                "%s: %,d parameters; %d blocks of %d heads, width %d, context %d, %,d tokens to"
                        + " tell apart%n",
                config.family(),
                parameters(),
                config.nLayer(),
                config.attention().nHead(),
                config.nEmbd(),
                config.nCtx(),
                config.vocabSize());
        System.out.printf(
                Locale.ROOT,
                "data: %,d tokens, %,d of them to train on; %,d steps of %,d tokens are %.1f times"
                        + " through them%n",
                run.size(),
                run.trained(),
                steps,
                each,
                (double) steps * each / run.trained());
        System.out.flush();
    }

    private long parameters() {
        return Parameters.of(run.trainer().gpt()).stream().mapToLong(Parameter::size).sum();
    }

    long tokensOfStep() {
        Settings settings = run.settings();
        return (long) settings.recipe().batch()
                * settings.recipe().accumulation()
                * settings.architecture().context();
    }

    /** Runs some steps that are not kept, and says what all of them would take. */
    void estimate() {
        for (int i = 0; i < 3; i++) {
            run.trainer().next();
        }
        double seconds = Double.MAX_VALUE;
        for (int i = 0; i < 5; i++) {
            seconds = Math.min(seconds, tokensOfStep() / run.trainer().next().tokensPerSecond());
        }
        long steps = run.settings().recipe().schedule().steps();
        long bytes = run.memory().total(run.settings().recipe().batch());
        if (json) {
            Json.print(
                    Json.object()
                            .put("parameters", parameters())
                            .put("tokens", run.size())
                            .put("memory_bytes", bytes)
                            .put("seconds", steps * seconds)
                            .put("tokens_per_second", tokensOfStep() / seconds));
            return;
        }
        System.out.printf(
                Locale.ROOT,
                "memory: about %,d MB; time: about %s at %.2f s a step, %,.0f tokens/s%n",
                bytes >> 20,
                clock(steps * seconds),
                seconds,
                tokensOfStep() / seconds);
    }

    static String clock(double seconds) {
        long s = Math.round(seconds);
        return s >= 3600
                ? s / 3600 + " h " + s % 3600 / 60 + " min"
                : s >= 60 ? s / 60 + " min " + s % 60 + " s" : s + " s";
    }
}
