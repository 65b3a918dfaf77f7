package dev.loupe.explorer;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.files.LocalModel;
import dev.loupe.inside.Attribution;
import dev.loupe.inside.Attribution.Target;
import dev.loupe.inside.Capture;
import dev.loupe.inside.CapturedRun;
import dev.loupe.inside.Effect;
import dev.loupe.inside.HeadScores;
import dev.loupe.inside.Hook;
import dev.loupe.inside.Hooks;
import dev.loupe.inside.LogitLens;
import dev.loupe.inside.PatchingMap;
import dev.loupe.inside.PatchingMap.Prompts;
import dev.loupe.inside.PatchingMap.Sweep;
import dev.loupe.inside.WrittenLengths;
import dev.loupe.model.Gpt;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Stream;

/** What parts of a model do, and what becomes of the next token when they are changed. */
final class ChangeCalls {
    /** Tokens of a prompt whose places are gone through one by one. */
    private static final int SWEPT = 256;

    /** Texts of random tokens that heads are watched over, and their seed: those of explain. */
    private static final int TEXTS = 4;

    private static final int SEED = 1;

    private ChangeCalls() {}

    /** The calls by their names. */
    static Map<String, Call> all() {
        return Map.of(
                "effect",
                ChangeCalls::effect,
                "parts",
                ChangeCalls::parts,
                "sweep",
                ChangeCalls::sweep,
                "heads",
                ChangeCalls::heads);
    }

    private static Answer effect(Question question) {
        int[] ids = question.ids();
        int top = question.within("top", 10, 1, 100);
        Effect effect = Effect.of(last(question.unchanged(ids)), last(question.run(ids)), top);
        Target target =
                question.has("id") ? target(question) : Target.of(effect.before().best().id());
        ObjectNode root = about(target).put("kl", effect.divergence() / Math.log(2));
        root.put("logit_before", effect.before(target)).put("logit_after", effect.after(target));
        root.put("entropy_before", effect.before().entropy());
        root.put("entropy_after", effect.after().entropy());
        moved(root.putArray("tokens"), effect.likeliest(), effect);
        moved(root.putArray("up"), effect.up(top), effect);
        moved(root.putArray("down"), effect.down(top), effect);
        return Answer.json(root);
    }

    /** The logits behind the last token of a run. */
    private static float[] last(CapturedRun run) {
        return run.logits(run.ids().length - 1).values();
    }

    /** The token that is asked about, and what is subtracted from it. */
    private static Target target(Question question) {
        return new Target(
                question.token("id"),
                question.has("against")
                        ? OptionalInt.of(question.token("against"))
                        : OptionalInt.empty());
    }

    private static ObjectNode about(Target target) {
        ObjectNode root = Answer.MAPPER.createObjectNode().put("id", target.id());
        target.against().ifPresent(id -> root.put("against", id));
        return root;
    }

    private static void moved(ArrayNode list, List<Effect.Moved> tokens, Effect effect) {
        for (Effect.Moved token : tokens) {
            list.addObject()
                    .put("id", token.id())
                    .put("before", token.before())
                    .put("after", token.after())
                    .put("logit_before", effect.before(Target.of(token.id())))
                    .put("logit_after", effect.after(Target.of(token.id())));
        }
    }

    private static Answer parts(Question question) {
        int[] ids = question.ids();
        int position = question.within("position", ids.length - 1, 0, ids.length - 1);
        CapturedRun run = question.run(ids);
        List<Hook> streams = captured(run);
        Target target =
                question.has("id")
                        ? target(question)
                        : Target.of(best(question.unchanged(ids), position));
        Attribution attribution = Attribution.of(run, position, target);
        ObjectNode root = about(target).put("position", position);
        root.put("logit", attribution.logit()).put("sum", attribution.sum());
        parts(root.putArray("parts"), attribution, WrittenLengths.of(run, position));
        ObjectNode stream = root.putObject("stream");
        stream.set("logits", Answer.MAPPER.valueToTree(LogitLens.of(run, target)));
        ArrayNode lengths = stream.putArray("lengths");
        for (double[] ofStage : run.lengths(streams)) {
            lengths.add(Answer.MAPPER.valueToTree(ofStage));
        }
        return Answer.json(root);
    }

    private static void parts(ArrayNode list, Attribution attribution, WrittenLengths lengths) {
        for (Attribution.Part part : attribution.parts()) {
            ObjectNode node =
                    list.addObject()
                            .put("kind", part.kind().name().toLowerCase(Locale.ROOT))
                            .put("name", part.name())
                            .put("layer", part.layer())
                            .put("head", part.head())
                            .put("value", part.value());
            if (part.kind() == Attribution.Kind.HEAD) {
                node.put("length", lengths.heads()[part.layer()][part.head()]);
            } else if (part.kind() == Attribution.Kind.MLP) {
                node.put("length", lengths.mlps()[part.layer()]);
            }
        }
    }

    private static int best(CapturedRun run, int position) {
        return LogitLens.reading(run.logits(position).values(), 1).best().id();
    }

    /**
     * Captures what the parts are told from in one run, if there is room for all of it.
     *
     * @return the streams before the first block and behind each
     */
    private static List<Hook> captured(CapturedRun run) {
        Hooks hooks = Hooks.of(run.gpt());
        List<Hook> streams =
                hooks.matching(List.of("blocks.0.hook_resid_pre", "blocks.*.hook_resid_post"));
        Stream<String> parts =
                Stream.of(
                        "hook_embed",
                        "hook_pos_embed",
                        "blocks.*.attn.hook_z",
                        "blocks.*.hook_mlp_out",
                        "ln_final.hook_normalized");
        List<Hook> all =
                Stream.concat(
                                streams.stream(),
                                hooks.matching(parts.filter(hooks::known).toList()).stream())
                        .toList();
        if (Capture.bytes(run.gpt().config(), all, 0, run.ids().length) <= Models.RUN_BYTES) {
            run.get(all);
        }
        return streams;
    }

    private static Answer sweep(Question question) {
        int[] ids = question.ids();
        int[] from = question.ids("from_ids");
        if (ids.length > SWEPT) {
            throw new ApiException(
                    413,
                    "ids: found %d tokens, expected at most %d: a sweep runs the model for each"
                            .formatted(ids.length, SWEPT));
        }
        if (question.has("changes")) {
            throw new ApiException(
                    400, "changes: a sweep is of prompts as they are; leave them out");
        }
        Sweep sweep = over(question);
        boolean gradient = byGradient(question);
        Target target = question.has("id") ? target(question) : answers(question, ids, from);
        Prompts prompts = new Prompts(from, ids, target);
        return Answer.json(json(map(question, prompts, sweep, gradient), target));
    }

    private static PatchingMap map(
            Question question, Prompts prompts, Sweep sweep, boolean gradient) {
        LocalModel model = question.open().model();
        Gpt gpt = model.gpt();
        Asker asker = question.asker();
        if (gradient) {
            asker.progress(0, "one run and its gradient");
            return PatchingMap.byGradient(gpt, model.processor(), prompts, sweep, asker);
        }
        int runs = gpt.config().nLayer() * sweep.columns(gpt, prompts.clean().length);
        return PatchingMap.of(
                gpt,
                model.processor(),
                prompts,
                sweep,
                asker,
                done -> asker.progress((double) done / runs, "run " + done + " of " + runs));
    }

    private static boolean byGradient(Question question) {
        String by = question.has("by") ? question.text("by", 20) : "runs";
        return switch (by) {
            case "runs" -> false;
            case "gradient" -> true;
            default ->
                    throw new ApiException(
                            400, "by: found '%s', expected runs or gradient".formatted(by));
        };
    }

    private static Sweep over(Question question) {
        String over = question.has("over") ? question.text("over", 20) : "resid_pre";
        for (Sweep sweep : Sweep.values()) {
            if (sweep.name().toLowerCase(Locale.ROOT).equals(over)) {
                return sweep;
            }
        }
        throw new ApiException(
                400,
                "over: found '%s', expected resid_pre, attn_out, mlp_out or heads".formatted(over));
    }

    private static Target answers(Question question, int[] ids, int[] from) {
        float[] without = last(question.unchanged(ids));
        return Effect.of(without, last(question.unchanged(from)), 1).answers();
    }

    private static ObjectNode json(PatchingMap map, Target target) {
        ObjectNode root = about(target).put("clean", map.clean()).put("corrupted", map.corrupted());
        root.set("values", Answer.MAPPER.valueToTree(map.values()));
        ArrayNode restored = root.putArray("restored");
        for (int layer = 0; layer < map.values().length; layer++) {
            ArrayNode row = restored.addArray();
            for (int column = 0; column < map.values()[layer].length; column++) {
                row.add(map.restored(layer, column));
            }
        }
        return root;
    }

    private static Answer heads(Question question) {
        LocalModel model = question.open().model();
        question.asker().progress(0, TEXTS + " texts of random tokens, each of them twice");
        ArrayNode list = Answer.MAPPER.createArrayNode();
        for (HeadScores scores :
                HeadScores.of(
                        model.gpt(),
                        model.processor(),
                        TEXTS,
                        SEED,
                        model.firstToken(),
                        question.asker())) {
            list.addObject()
                    .put("layer", scores.layer())
                    .put("head", scores.head())
                    .put("previous", scores.previous())
                    .put("induction", scores.induction())
                    .put("duplicate", scores.duplicate())
                    .put("first", scores.first());
        }
        ObjectNode root = Answer.MAPPER.createObjectNode();
        root.set("heads", list);
        return Answer.json(root);
    }
}
