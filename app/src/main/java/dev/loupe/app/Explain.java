package dev.loupe.app;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.files.LocalModel;
import dev.loupe.inside.Attribution.Target;
import dev.loupe.inside.Effect;
import dev.loupe.inside.Explanation;
import dev.loupe.inside.Explanation.Question;
import dev.loupe.inside.Hook;
import dev.loupe.inside.HookException;
import dev.loupe.inside.Hooks;
import dev.loupe.inside.Intervention;
import dev.loupe.inside.Interventions;
import dev.loupe.inside.PatchingMap;
import dev.loupe.inside.Reader;
import dev.loupe.model.Gpt;
import dev.loupe.model.Taps;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

/** {@code loupe explain}: what happens inside between a prompt and the next token. */
@Command(name = "explain", description = "Shows what happens inside of a model.")
final class Explain implements Runnable {
    @Mixin private PromptOptions prompt = new PromptOptions();
    @Mixin private CaptureOptions capture = new CaptureOptions();
    @Mixin private ChangeOptions changes = new ChangeOptions();
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

    @Option(
            names = "--heads",
            description =
                    "Show what every head does with random tokens that are repeated: which look at"
                            + " the token before, which do induction, which rest on the first.")
    private boolean heads;

    @Option(
            names = "--html",
            paramLabel = "FILE",
            description = "Write the explanation as one page that needs nothing else.")
    private @Nullable Path html;

    @Option(names = "--json", description = "One JSON object.")
    private boolean json;

    @Override
    public void run() {
        prompt.check();
        capture.check();
        embedding.check();
        changes.check();
        if (html != null
                && (capture.wanted() || embedding.wanted() || changes.any() || hooks || heads)) {
            throw new WrongUsage(
                    "--html is about a prompt as it is; leave out the other questions");
        }
        if (top < 1 || top > 1000) {
            throw new WrongUsage("--top: found " + top + ", expected 1 to 1000");
        }
        try (LocalModel loaded = model.load()) {
            if (hooks) {
                list(loaded);
                return;
            }
            if (heads) {
                heads(loaded);
                return;
            }
            if (embedding.wanted()) {
                embedding.run(loaded, top, json);
                return;
            }
            int[] ids = prompt.ids(loaded);
            checkContext(loaded, ids);
            try {
                run(loaded, ids);
            } catch (HookException e) {
                throw new UserException(String.valueOf(e.getMessage()), e);
            }
        }
    }

    private void run(LocalModel loaded, int[] ids) {
        List<Intervention> changed = changes.interventions(loaded, ids);
        if (capture.wanted()) {
            capture.run(loaded, ids, new Interventions(loaded.gpt(), changed), json);
        } else if (changes.sweeps()) {
            sweep(loaded, ids);
        } else if (changes.wanted()) {
            effect(loaded, ids, changed);
        } else {
            explain(loaded, ids);
        }
    }

    private void explain(LocalModel loaded, int[] ids) {
        Question question =
                new Question(ids, target(loaded), top, positions(), CaptureOptions.room());
        Explanation explanation =
                Explanation.of(loaded.gpt(), loaded.processor(), question, Taps.NONE);
        TokenNames names = new TokenNames(loaded);
        if (html != null) {
            ExplainPage.write(html, loaded, explanation);
        }
        if (json) {
            Json.print(new ExplainJson(names).of(loaded, explanation));
        } else if (html == null) {
            new ExplainText(names, Paint.of(color)).print(explanation);
        }
    }

    /** How many positions the lens is computed for: as many as are shown. */
    private int positions() {
        if (lens && json) {
            return Integer.MAX_VALUE;
        }
        if (html != null) {
            return ExplainPage.COLUMNS;
        }
        return lens ? ExplainText.COLUMNS : 1;
    }

    private void effect(LocalModel loaded, int[] ids, List<Intervention> changed) {
        Effect effect = Effect.of(loaded.gpt(), loaded.processor(), ids, changed, top);
        Target given = target(loaded);
        Target about = given == null ? Target.of(effect.before().best().id()) : given;
        EffectReport report = new EffectReport(new TokenNames(loaded), Paint.of(color));
        if (json) {
            ObjectNode node = Json.object().put("model", loaded.path().toString());
            node.set("ids", Json.of(ids));
            node.set("effect", report.json(effect, about));
            Json.print(node);
        } else {
            report.print(effect, about);
        }
    }

    /** The prompt is the corrupted one, and that of --from the clean one. */
    private void sweep(LocalModel loaded, int[] ids) {
        int[] clean = changes.other(loaded);
        if (clean.length != ids.length) {
            throw new UserException(
                    "--from: found %d tokens, expected %d as the prompt has: positions are those of both"
                            .formatted(clean.length, ids.length));
        }
        Gpt gpt = loaded.gpt();
        Target about = target(loaded);
        if (about == null) {
            float[] with = new Reader(gpt, loaded.processor(), Taps.NONE).read(clean);
            float[] without = new Reader(gpt, loaded.processor(), Taps.NONE).read(ids);
            about = Effect.of(without, with, 1).answers();
        }
        PatchingMap.Sweep sweep = changes.sweep();
        PatchingMap.Prompts prompts = new PatchingMap.Prompts(clean, ids, about);
        int runs = gpt.config().nLayer() * sweep.columns(gpt, ids.length);
        PatchingMap map =
                changes.byGradient()
                        ? PatchingMap.byGradient(gpt, loaded.processor(), prompts, sweep, Taps.NONE)
                        : PatchingMap.of(
                                gpt,
                                loaded.processor(),
                                prompts,
                                sweep,
                                Taps.NONE,
                                done -> Progress.show("run", done, runs));
        Progress.end();
        EffectReport report = new EffectReport(new TokenNames(loaded), Paint.of(color));
        if (json) {
            ObjectNode node = Json.object().put("model", loaded.path().toString());
            node.set("ids", Json.of(ids));
            node.set("sweep", report.json(map, about));
            Json.print(node);
        } else {
            report.print(map, about, sweep, ids);
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

    private void heads(LocalModel loaded) {
        int nCtx = loaded.gpt().config().nCtx();
        if (nCtx < HeadTable.LEAST_CONTEXT) {
            throw new UserException(
                    "--heads: the model's context holds %d tokens, expected at least %d"
                            .formatted(nCtx, HeadTable.LEAST_CONTEXT));
        }
        HeadTable table = new HeadTable(loaded);
        if (json) {
            Json.print(table.json(loaded));
        } else {
            table.print(top, Paint.of(color));
        }
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
