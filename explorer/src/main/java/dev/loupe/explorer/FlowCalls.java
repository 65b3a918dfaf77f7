package dev.loupe.explorer;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.inside.CapturedRun;
import dev.loupe.inside.Derivation;
import dev.loupe.inside.Hook;
import dev.loupe.inside.Hooks;
import dev.loupe.inside.LogitLens;
import dev.loupe.inside.NamedArray;
import dev.loupe.inside.Writing;
import dev.loupe.model.GptConfig;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What passes through a model, and where its numbers come from. */
final class FlowCalls {
    private FlowCalls() {}

    /** The calls by their names. */
    static Map<String, Call> all() {
        return Map.of(
                "lens",
                FlowCalls::lens,
                "capture",
                FlowCalls::capture,
                "summary",
                FlowCalls::summary,
                "derive",
                FlowCalls::derive,
                "writes",
                FlowCalls::writes);
    }

    private static Answer lens(Question question) {
        int[] ids = question.ids();
        int top = question.within("top", 5, 1, 100);
        CapturedRun run = question.run(ids);
        LogitLens lens = LogitLens.of(run, top, question.asker()::check);
        ObjectNode root = Answer.MAPPER.createObjectNode();
        ArrayNode stages = root.putArray("stages");
        ArrayNode readings = root.putArray("readings");
        for (int stage = 0; stage < lens.stages().size(); stage++) {
            stages.add(stage == 0 ? "embed" : "L" + (stage - 1));
            ArrayNode positions = readings.addArray();
            for (LogitLens.Reading reading : lens.stages().get(stage)) {
                ObjectNode node = positions.addObject().put("entropy", reading.entropy());
                ArrayNode guesses = node.putArray("top");
                for (LogitLens.Guess guess : reading.top()) {
                    guesses.addObject()
                            .put("id", guess.id())
                            .put("logit", guess.logit())
                            .put("probability", guess.probability());
                }
            }
        }
        return Answer.json(root);
    }

    private static Answer capture(Question question) {
        int[] ids = question.ids();
        List<String> globs = question.texts("hooks", 64);
        CapturedRun run = question.run(ids);
        Hooks all = Hooks.of(run.gpt());
        // what a family lacks is left out; if nothing is left, the error says what is close
        List<String> known = globs.stream().filter(all::known).toList();
        List<Hook> hooks = all.matching(known.isEmpty() ? globs : known);
        List<NamedArray> arrays = run.get(hooks);
        return question.is("format", "npz") ? Answer.npz(arrays) : Answer.tensors(arrays);
    }

    private static Answer summary(Question question) {
        int[] ids = question.ids();
        CapturedRun run = question.run(ids);
        Hooks all = Hooks.of(run.gpt());
        List<String> names = List.of("resid_pre", "attn_out", "mlp_out", "resid_post");
        List<Hook> hooks = new ArrayList<>();
        for (int layer = 0; layer < run.gpt().config().nLayer(); layer++) {
            for (String name : names) {
                hooks.add(all.named("blocks." + layer + ".hook_" + name));
            }
        }
        double[][] lengths = run.lengths(hooks);
        ObjectNode root = Answer.MAPPER.createObjectNode();
        ArrayNode layers = root.putArray("layers");
        for (int i = 0; i < lengths.length; i += names.size()) {
            ObjectNode node = layers.addObject();
            for (int part = 0; part < names.size(); part++) {
                node.set(names.get(part), Answer.MAPPER.valueToTree(lengths[i + part]));
            }
        }
        return Answer.json(root);
    }

    private static Answer derive(Question question) {
        int[] ids = question.ids();
        String hook = question.text("hook", 200);
        Derivation derived = Derivation.of(question.run(ids), hook, question.integers("index", 4));
        ObjectNode root =
                Answer.MAPPER
                        .createObjectNode()
                        .put("name", derived.name())
                        .put("formula", derived.formula());
        ArrayNode lines = root.putArray("lines");
        for (Derivation.Line line : derived.lines()) {
            ObjectNode node = lines.addObject().put("text", line.text());
            put(node, "value", line.value());
        }
        ArrayNode terms = root.putArray("terms");
        for (Derivation.Term term : derived.terms()) {
            ObjectNode node = terms.addObject().put("name", term.name()).put("index", term.index());
            put(node, "weight", term.weight());
            put(node, "input", term.input());
            put(node, "product", term.product());
        }
        put(root, "bias", derived.bias());
        put(root, "result", derived.result());
        put(root, "captured", derived.captured());
        return Answer.json(root);
    }

    /** JSON has no infinity: it becomes null. */
    private static void put(ObjectNode node, String name, @Nullable Double value) {
        if (value == null || !Double.isFinite(value)) {
            node.putNull(name);
        } else {
            node.put(name, value);
        }
    }

    private static Answer writes(Question question) {
        int[] ids = question.ids();
        CapturedRun run = question.run(ids);
        GptConfig config = run.gpt().config();
        int layer = question.within("layer", -1, 0, config.nLayer() - 1);
        int position = question.within("position", -1, 0, ids.length - 1);
        int top = question.within("top", 8, 1, 100);
        int head = question.within("head", -1, -1, config.attention().nHead() - 1);
        Writing writing =
                question.is("mlp", "true")
                        ? Writing.ofMlp(run, layer, position)
                        : Writing.ofAttention(run, layer, head, position);
        ObjectNode root = Answer.MAPPER.createObjectNode();
        pushes(root.putArray("up"), writing.up(top));
        pushes(root.putArray("down"), writing.down(top));
        return Answer.json(root);
    }

    private static void pushes(ArrayNode list, List<Writing.Push> pushes) {
        for (Writing.Push push : pushes) {
            list.addObject().put("id", push.id()).put("value", push.value());
        }
    }
}
