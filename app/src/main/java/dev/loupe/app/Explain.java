package dev.loupe.app;

import dev.loupe.files.LocalModel;
import dev.loupe.inside.Attribution.Target;
import dev.loupe.inside.Explanation;
import dev.loupe.inside.Explanation.Question;
import dev.loupe.inside.Hook;
import dev.loupe.inside.HookException;
import dev.loupe.inside.Hooks;
import dev.loupe.model.Taps;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.util.OptionalInt;

/** {@code loupe explain}: what happens inside between a prompt and the next token. */
@Command(name = "explain", description = "Shows what happens inside of a model.")
final class Explain implements Runnable {
    @Mixin private PromptOptions prompt = new PromptOptions();
    @Mixin private CaptureOptions capture = new CaptureOptions();
    @Mixin private EmbeddingOptions embedding = new EmbeddingOptions();
    @Mixin private ModelOptions model = new ModelOptions();

    @Option(names = "--hooks", description = "List the hooks that --capture can choose from.")
    private boolean hooks;

    @Option(
            names = "--lens",
            description =
                    "Show what the residual stream says at every position, not the last alone.")
    private boolean lens;

    @Option(
            names = "--target",
            paramLabel = "TOKEN",
            description =
                    "Share out the logit of this token (its text, or #ID) instead of the most"
                            + " likely one's.")
    private @Nullable String target;

    @Option(
            names = "--against",
            paramLabel = "TOKEN",
            description = "Subtract the logit of this token from that of the target.")
    private @Nullable String against;

    @Option(
            names = "--top",
            paramLabel = "N",
            description = "How many tokens, heads and parts to show. Default: ${DEFAULT-VALUE}.")
    private int top = 8;

    @Option(
            names = "--color",
            paramLabel = "WHEN",
            description = "Colours: auto, always or never. Default: auto.")
    private Paint.When color = Paint.When.AUTO;

    @Option(names = "--json", description = "One JSON object.")
    private boolean json;

    @Override
    public void run() {
        prompt.check();
        capture.check();
        embedding.check();
        if (top < 1 || top > 1000) {
            throw new WrongUsage("--top: found " + top + ", expected 1 to 1000");
        }
        try (LocalModel loaded = model.load()) {
            if (hooks) {
                list(loaded);
                return;
            }
            if (embedding.wanted()) {
                embedding.run(loaded, top, json);
                return;
            }
            int[] ids = prompt.ids(loaded);
            if (capture.wanted()) {
                capture.run(loaded, ids, Taps.NONE, json);
                return;
            }
            TokenNames names = new TokenNames(loaded);
            Explanation explanation = explain(loaded, ids);
            if (json) {
                Json.print(new ExplainJson(names).of(loaded, explanation));
            } else {
                new ExplainText(names, Paint.of(color)).print(explanation);
            }
        }
    }

    private Explanation explain(LocalModel loaded, int[] ids) {
        checkContext(loaded, ids);
        Question question = new Question(ids, target(loaded), top, lens, CaptureOptions.room());
        try {
            return Explanation.of(loaded.gpt(), loaded.processor(), question, Taps.NONE);
        } catch (HookException e) {
            throw new UserException(String.valueOf(e.getMessage()), e);
        }
    }

    static void checkContext(LocalModel loaded, int[] ids) {
        int nCtx = loaded.gpt().config().nCtx();
        if (ids.length > nCtx) {
            throw new UserException(
                    "the prompt has %d tokens, and the model's context holds %d"
                            .formatted(ids.length, nCtx));
        }
    }

    private @Nullable Target target(LocalModel loaded) {
        if (target == null) {
            if (against != null) {
                throw new WrongUsage("--against goes with --target TOKEN");
            }
            return null;
        }
        int id = OneToken.of(loaded, "--target", target);
        return against == null
                ? Target.of(id)
                : new Target(id, OptionalInt.of(OneToken.of(loaded, "--against", against)));
    }

    private void list(LocalModel loaded) {
        var all = Hooks.of(loaded.gpt()).all();
        if (json) {
            Json.print(Json.object().set("hooks", Json.of(all.stream().map(Hook::name).toList())));
            return;
        }
        all.forEach(hook -> System.out.println(hook.name()));
    }
}
