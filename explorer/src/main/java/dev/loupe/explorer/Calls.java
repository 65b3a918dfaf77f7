package dev.loupe.explorer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.explorer.Models.Open;
import dev.loupe.files.LocalModel;
import dev.loupe.files.ModelSummary;
import dev.loupe.generate.Distribution;
import dev.loupe.generate.NoTokenException;
import dev.loupe.generate.Sampling;
import dev.loupe.inside.CapturedRun;
import dev.loupe.inside.Derivation;
import dev.loupe.inside.Hook;
import dev.loupe.inside.Hooks;
import dev.loupe.inside.LogitLens;
import dev.loupe.inside.NamedArray;
import dev.loupe.inside.Writing;
import dev.loupe.model.Gpt;
import dev.loupe.model.GptConfig;
import dev.loupe.tokens.EncodeOptions;
import dev.loupe.tokens.Encoding;
import dev.loupe.tokens.Tokenizer;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** What pages can ask: {@code docs/reference/explorer-api.md} has each call. */
final class Calls {
    /** The most tokens of a prompt. */
    private static final int TOKENS = 1024;

    /** Letters of a text: some for each of the tokens. */
    private static final int LETTERS = 1 << 16;

    /** Positions whose logits are asked for together. */
    private static final int POSITIONS = 64;

    /** Candidates that are told of a draw. */
    private static final int CANDIDATES = 50;

    private final Models models;

    Calls(Models models) {
        this.models = models;
    }

    /** Answers a call. */
    Answer answer(String call, JsonNode asked, Engine.Wanted wanted) throws IOException {
        Question question = new Question(asked, models, wanted);
        return switch (call) {
            case "models" -> models();
            case "model" -> model(question);
            case "tokenize" -> tokenize(question);
            case "detokenize" -> detokenize(question);
            case "vocabulary" -> vocabulary(question);
            case "logits" -> logits(question);
            case "draw" -> draw(question);
            case "lens" -> lens(question);
            case "capture" -> capture(question);
            case "summary" -> summary(question);
            case "derive" -> derive(question);
            case "writes" -> writes(question);
            default -> throw new ApiException(404, "there is no call " + call);
        };
    }

    private Answer models() throws IOException {
        ObjectNode root = Answer.MAPPER.createObjectNode();
        ArrayNode list = root.putArray("models");
        for (Map.Entry<String, Path> entry : models.paths().entrySet()) {
            Path path = entry.getValue();
            ObjectNode node =
                    list.addObject()
                            .put("key", entry.getKey())
                            .put("name", entry.getKey())
                            .put("path", path.toString())
                            .put("loaded", models.loaded(entry.getKey()));
            if (Files.isRegularFile(path)) {
                node.put("bytes", Files.size(path));
            }
        }
        return Answer.json(root.put("default", models.first()));
    }

    private Answer model(Question question) {
        LocalModel model = question.open().model();
        Gpt gpt = model.gpt();
        GptConfig config = gpt.config();
        ModelSummary summary = ModelSummary.of(model.path());
        ObjectNode root = Answer.MAPPER.createObjectNode();
        root.putObject("config")
                .put("family", config.family())
                .put("n_ctx", config.nCtx())
                .put("vocab_size", config.vocabSize())
                .put("n_embd", config.nEmbd())
                .put("n_layer", config.nLayer())
                .put("n_head", config.attention().nHead())
                .put("n_kv_head", config.attention().nKvHead())
                .put("head_dim", config.attention().headDim())
                .put("n_inner", config.mlp().nInner());
        root.putObject("form")
                .put("norm", config.norm().kind().name())
                .put("positions", gpt.wpe() == null ? "rotary" : "learned")
                .put("parallel", config.parallel())
                .put("gated", config.mlp().gated())
                .put("activation", config.mlp().activation().name())
                .put("qk_norm", config.attention().qkNorm())
                .put("norm_after", config.norm().after())
                .put("tied", config.embedding().tied());
        root.put("total", summary.total());
        root.set("types", Answer.MAPPER.valueToTree(summary.types()));
        ArrayNode hooks = root.putArray("hooks");
        int tokens = Math.min(TOKENS, config.nCtx());
        for (Hook hook : Hooks.of(gpt).all()) {
            hooks.addObject()
                    .put("name", hook.name())
                    .set("shape", Answer.MAPPER.valueToTree(hook.axes(config)));
        }
        return Answer.json(root.put("most_tokens", tokens));
    }

    private static Answer tokenize(Question question) {
        Tokenizer tokenizer = question.tokenizer();
        String text = question.text("text", LETTERS);
        Encoding encoding = tokenizer.encode(text, EncodeOptions.PROMPT);
        ObjectNode root = Answer.MAPPER.createObjectNode();
        root.set("ids", Answer.MAPPER.valueToTree(encoding.ids()));
        ArrayNode tokens = root.putArray("tokens");
        for (int i = 0; i < encoding.ids().length; i++) {
            int id = encoding.ids()[i];
            tokens.addObject()
                    .put("id", id)
                    .put("text", tokenizer.text(id))
                    .put("start", encoding.starts()[i])
                    .put("end", encoding.ends()[i]);
        }
        return Answer.json(root);
    }

    private static Answer detokenize(Question question) {
        Tokenizer tokenizer = question.tokenizer();
        int[] ids = question.ids();
        ObjectNode root = Answer.MAPPER.createObjectNode().put("text", tokenizer.decode(ids));
        ArrayNode tokens = root.putArray("tokens");
        for (int id : ids) {
            tokens.addObject().put("id", id).put("text", tokenizer.text(id));
        }
        return Answer.json(root);
    }

    private static Answer vocabulary(Question question) {
        int n = question.open().model().gpt().config().vocabSize();
        @Nullable Tokenizer tokenizer = question.open().model().tokenizer().orElse(null);
        ArrayNode tokens = Answer.MAPPER.createArrayNode();
        for (int id = 0; id < n; id++) {
            tokens.add(
                    tokenizer == null || id >= tokenizer.vocabSize()
                            ? "#" + id
                            : tokenizer.text(id));
        }
        ObjectNode root = Answer.MAPPER.createObjectNode();
        root.set("tokens", tokens);
        return Answer.json(root);
    }

    private static Answer logits(Question question) {
        int[] ids = question.ids();
        int[] positions = question.positions(ids.length, POSITIONS);
        return Answer.tensors(List.of(question.run(ids).logits(positions)));
    }

    private static Answer draw(Question question) {
        int[] ids = question.ids();
        Sampling sampling = question.sampling();
        float[] logits = question.run(ids).logits(ids.length - 1).values();
        SplittableRandom random = new SplittableRandom(question.number("seed", 0));
        int step = question.within("step", 0, 0, 1_000_000);
        for (int i = 0; i < step; i++) {
            random.nextDouble();
        }
        Distribution distribution;
        try {
            distribution = Distribution.of(logits, sampling, ids);
        } catch (NoTokenException e) {
            throw new ApiException(422, String.valueOf(e.getMessage()));
        }
        Distribution.Throw thrown = distribution.dart(random);
        ObjectNode root =
                Answer.MAPPER
                        .createObjectNode()
                        .put("id", thrown.drawn().id())
                        .put("u", thrown.dart())
                        .put("from", thrown.from())
                        .put("to", thrown.to())
                        .put("probability", thrown.drawn().probability())
                        .put("kept", distribution.size())
                        .put("order", order(sampling));
        ArrayNode candidates = root.putArray("candidates");
        for (Distribution.Candidate candidate : distribution.top(CANDIDATES)) {
            candidates
                    .addObject()
                    .put("id", candidate.id())
                    .put("logit", candidate.logit())
                    .put("probability", candidate.probability())
                    .put("kept", true);
        }
        return Answer.json(root);
    }

    /** How tokens lie on the line that the dart is thrown at: as the last step left them. */
    private static String order(Sampling sampling) {
        if (sampling.temperature() == 0) {
            return "likeliest";
        }
        if (sampling.typicalP() < 1) {
            return "surprise";
        }
        return sampling.topK() > 0 || sampling.topP() < 1 ? "likeliest" : "id";
    }

    private static Answer lens(Question question) {
        int[] ids = question.ids();
        int top = question.within("top", 5, 1, 100);
        CapturedRun run = question.run(ids);
        LogitLens lens = LogitLens.of(run, top, question.wanted()::check);
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
        Hooks hooks = Hooks.of(run.gpt());
        ObjectNode root = Answer.MAPPER.createObjectNode();
        ArrayNode layers = root.putArray("layers");
        // all in one run
        run.get(
                hooks.matching(
                        List.of(
                                "blocks.*.hook_resid_pre",
                                "blocks.*.hook_resid_post",
                                "blocks.*.hook_attn_out",
                                "blocks.*.hook_mlp_out")));
        for (int layer = 0; layer < run.gpt().config().nLayer(); layer++) {
            ObjectNode node = layers.addObject();
            for (String name : List.of("resid_pre", "attn_out", "mlp_out", "resid_post")) {
                Hook hook = hooks.named("blocks." + layer + ".hook_" + name);
                node.set(name, Answer.MAPPER.valueToTree(lengths(run.get(hook))));
            }
        }
        return Answer.json(root);
    }

    /** The length of each token's vector. */
    private static double[] lengths(NamedArray array) {
        int n = array.shape()[1];
        double[] lengths = new double[array.shape()[0]];
        for (int t = 0; t < lengths.length; t++) {
            double sum = 0;
            for (int i = t * n; i < (t + 1) * n; i++) {
                sum += (double) array.values()[i] * array.values()[i];
            }
            lengths[t] = Math.sqrt(sum);
        }
        return lengths;
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

    /** What was asked, field by field; what is wrong is said. */
    record Question(JsonNode asked, Models models, Engine.Wanted wanted) {
        Open open() {
            JsonNode key = asked.path("model");
            return models.get(key.isTextual() ? key.textValue() : models.first());
        }

        Tokenizer tokenizer() {
            return open().model()
                    .tokenizer()
                    .orElseThrow(() ->
                            new ApiException(
                                    422, "this model has no tokenizer, so it takes no text"));
        }

        CapturedRun run(int[] ids) {
            if (asked.path("changes").size() > 0) {
                throw new ApiException(400, "changes are not known here");
            }
            return open().run(ids, wanted);
        }

        int[] ids() {
            GptConfig config = open().model().gpt().config();
            int most = Math.min(TOKENS, config.nCtx());
            int[] ids = integers("ids", most);
            if (ids.length == 0) {
                throw new ApiException(400, "ids: found none, expected at least one");
            }
            for (int id : ids) {
                if (id < 0 || id >= config.vocabSize()) {
                    throw new ApiException(
                            400,
                            "ids: found %d, expected 0 to %d"
                                    .formatted(id, config.vocabSize() - 1));
                }
            }
            return ids;
        }

        int[] integers(String name, int most) {
            JsonNode list = asked.path(name);
            if (!list.isArray()) {
                throw new ApiException(400, name + ": expected a list of integers");
            }
            if (list.size() > most) {
                throw new ApiException(
                        413, name + ": found " + list.size() + ", expected at most " + most);
            }
            int[] all = new int[list.size()];
            for (int i = 0; i < all.length; i++) {
                if (!list.get(i).canConvertToInt() || !list.get(i).isIntegralNumber()) {
                    throw new ApiException(400, name + ": expected a list of integers");
                }
                all[i] = list.get(i).intValue();
            }
            return all;
        }

        /** Of a prompt; without a word the last one. */
        int[] positions(int tokens, int most) {
            int[] all =
                    asked.path("positions").isMissingNode()
                            ? new int[] {tokens - 1}
                            : integers("positions", most);
            if (all.length == 0 || Arrays.stream(all).anyMatch(p -> p < 0 || p >= tokens)) {
                throw new ApiException(
                        400, "positions: expected numbers from 0 to " + (tokens - 1));
            }
            return all;
        }

        String text(String name, int most) {
            JsonNode node = asked.path(name);
            if (!node.isTextual()) {
                throw new ApiException(400, name + ": expected a text");
            }
            if (node.textValue().length() > most) {
                throw new ApiException(
                        413,
                        "%s: found %d letters, expected at most %d"
                                .formatted(name, node.textValue().length(), most));
            }
            return node.textValue();
        }

        List<String> texts(String name, int most) {
            JsonNode list = asked.path(name);
            if (!list.isArray() || list.isEmpty() || list.size() > most) {
                throw new ApiException(400, name + ": expected a list of 1 to " + most + " texts");
            }
            List<String> all = new ArrayList<>();
            for (JsonNode node : list) {
                all.add(node.asText());
            }
            return all;
        }

        boolean is(String name, String value) {
            return asked.path(name).asText().equals(value);
        }

        long number(String name, long otherwise) {
            JsonNode node = asked.path(name);
            if (node.isMissingNode() || node.isNull()) {
                return otherwise;
            }
            if (!node.isIntegralNumber() || !node.canConvertToLong()) {
                throw new ApiException(400, name + ": expected an integer");
            }
            return node.longValue();
        }

        int within(String name, int otherwise, int least, int most) {
            long number = number(name, otherwise);
            if (number < least || number > most) {
                throw new ApiException(
                        400,
                        "%s: found %d, expected %d to %d".formatted(name, number, least, most));
            }
            return (int) number;
        }

        private double real(JsonNode from, String name, double otherwise) {
            JsonNode node = from.path(name);
            if (node.isMissingNode() || node.isNull()) {
                return otherwise;
            }
            if (!node.isNumber()) {
                throw new ApiException(400, name + ": expected a number");
            }
            return node.doubleValue();
        }

        Sampling sampling() {
            JsonNode from = asked.path("sampling");
            double topK = real(from, "top_k", 0);
            if (topK != Math.rint(topK) || Math.abs(topK) > Integer.MAX_VALUE) {
                throw new ApiException(400, "top_k: expected an integer");
            }
            return new Sampling(
                    Map.of(),
                    1,
                    0,
                    0,
                    real(from, "temperature", 1),
                    (int) topK,
                    real(from, "top_p", 1),
                    real(from, "min_p", 0),
                    real(from, "typical_p", 1));
        }
    }
}
