package dev.loupe.explorer;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.explorer.Models.Entry;
import dev.loupe.explorer.Models.Open;
import dev.loupe.files.LocalModel;
import dev.loupe.files.ModelSummary;
import dev.loupe.inside.CapturedRun;
import dev.loupe.inside.Hook;
import dev.loupe.inside.Hooks;
import dev.loupe.inside.LogitLens;
import dev.loupe.inside.NamedArray;
import dev.loupe.kernels.Processor;
import dev.loupe.kernels.Tensor;
import dev.loupe.model.GptConfig;
import dev.loupe.tokens.EncodeOptions;
import dev.loupe.tokens.Tokenizer;
import dev.loupe.train.DataException;
import dev.loupe.train.LossCurve;
import dev.loupe.train.Metrics;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Two models or two texts side by side: {@code model} and {@code ids} are side A, and {@code other}
 * has those of side B. A is opened first, so that a new B takes the place of the B before it.
 */
final class CompareCalls {
    /** Letters of the text of side B. */
    private static final int LETTERS = 1 << 16;

    /** Positions that are looked at at every stage. */
    private static final int POSITIONS = 64;

    /** Rows of logits that are in memory together. */
    private static final int ROWS = 32;

    private CompareCalls() {}

    /** The calls by their names. */
    static Map<String, Call> all() {
        return Map.of(
                "pair",
                CompareCalls::pair,
                "compare",
                CompareCalls::compare,
                "score",
                CompareCalls::score,
                "guesses",
                CompareCalls::guesses,
                "streams",
                CompareCalls::streams,
                "curve",
                CompareCalls::curve);
    }

    private static Question other(Question question) {
        if (!question.asked().path("other").isObject()) {
            throw new ApiException(400, "other: expected an object with a model");
        }
        return question.part(question.asked().path("other"));
    }

    /** What side B reads, and what the sides have in common. */
    private static Answer pair(Question question) {
        Open a = question.load();
        Question other = other(question);
        Open b = other.load();
        int[] ids = question.ids();
        boolean same = Vocabularies.same(a.model(), b.model());
        int[] theirs = theirs(question, other, ids, same);
        ObjectNode root = Answer.MAPPER.createObjectNode();
        root.set("ids", Answer.MAPPER.valueToTree(theirs));
        ArrayNode tokens = root.putArray("tokens");
        for (int id : theirs) {
            tokens.addObject().put("id", id).put("text", Vocabularies.text(b.model(), id));
        }
        root.put("same_vocabulary", same);
        root.set("a", shape(a.model()));
        root.set("b", shape(b.model()));
        return Answer.json(root);
    }

    private static int[] theirs(Question question, Question other, int[] ids, boolean same) {
        if (!other.has("text") && same) {
            other.checkLength(ids.length);
            return ids;
        }
        Tokenizer tokenizer =
                other.open()
                        .model()
                        .tokenizer()
                        .orElseThrow(() ->
                                new ApiException(
                                        422,
                                        "%s has no tokenizer, so it takes no text of its own; it"
                                                        .formatted(other.key())
                                                + " reads the tokens of side A if its vocabulary"
                                                + " has the same size"));
        String text =
                other.has("text") ? other.text("text", LETTERS) : question.tokenizer().decode(ids);
        int[] theirs = tokenizer.encode(text, EncodeOptions.PROMPT).ids();
        if (theirs.length == 0) {
            throw new ApiException(422, "the text of side B has no tokens; type some");
        }
        other.checkLength(theirs.length);
        return theirs;
    }

    private static ObjectNode shape(LocalModel model) {
        GptConfig config = model.gpt().config();
        ModelSummary summary = ModelSummary.of(model.path());
        ObjectNode node =
                Answer.MAPPER
                        .createObjectNode()
                        .put("family", config.family())
                        .put("n_layer", config.nLayer())
                        .put("n_embd", config.nEmbd())
                        .put("n_ctx", config.nCtx())
                        .put("vocab_size", config.vocabSize())
                        .put("total", summary.total());
        node.set("types", Answer.MAPPER.valueToTree(summary.types()));
        return node;
    }

    /** What comes next on both sides. */
    private static Answer compare(Question question) {
        Open a = question.load();
        Question other = other(question);
        Open b = other.load();
        int top = question.within("top", 10, 1, 100);
        float[] ours = logits(question);
        float[] theirs = logits(other);
        return Answer.json(new NextTokens(a.model(), ours, b.model(), theirs).json(top));
    }

    private static float[] logits(Question side) {
        int[] ids = side.ids();
        int position = side.within("position", ids.length - 1, 0, ids.length - 1);
        CapturedRun run = side.run(ids);
        List<Hook> all = new ArrayList<>(stages(run));
        all.add(Hooks.of(run.gpt()).named("ln_final.hook_normalized"));
        if (Float.BYTES * (long) ids.length * run.gpt().config().nEmbd() * all.size()
                <= Models.RUN_BYTES) {
            // vectors are asked for next: one run has both
            run.get(all);
        }
        return run.logits(position).values();
    }

    /** How well a model expects a text: for each token but the first the bits that it takes. */
    private static Answer score(Question question) {
        Open open = question.load();
        int[] ids = question.ids();
        CapturedRun run = question.run(ids);
        ObjectNode root = Answer.MAPPER.createObjectNode();
        ArrayNode bits = root.putArray("bits");
        bits.addNull();
        for (int from = 0; from + 1 < ids.length; from += ROWS) {
            question.asker().progress((double) from / ids.length, "reading the text");
            int[] positions =
                    IntStream.range(from, Math.min(from + ROWS, ids.length - 1)).toArray();
            NamedArray logits = run.logits(positions);
            int n = logits.shape()[1];
            for (int row = 0; row < positions.length; row++) {
                float[] numbers = Arrays.copyOfRange(logits.values(), row * n, (row + 1) * n);
                bits.add(NextTokens.bits(numbers, ids[from + row + 1]));
            }
        }
        open.model()
                .tokenizer()
                .ifPresent(tokenizer ->
                        root.set(
                                "bytes",
                                Answer.MAPPER.valueToTree(Vocabularies.bytes(tokenizer, ids))));
        return Answer.json(root);
    }

    /** The logit lens at some positions. */
    private static Answer guesses(Question question) {
        question.load();
        int[] ids = question.ids();
        int[] positions = question.positions(ids.length, POSITIONS);
        int top = question.within("top", 1, 1, 100);
        CapturedRun run = question.run(ids);
        Processor processor = question.open().model().processor();
        ObjectNode root = Answer.MAPPER.createObjectNode();
        ArrayNode readings = root.putArray("readings");
        List<NamedArray> stages = run.get(stages(run));
        for (int stage = 0; stage < stages.size(); stage++) {
            question.asker().progress((double) stage / stages.size(), "the logit lens");
            NamedArray rows = rows(stages.get(stage), positions);
            int width = rows.shape()[1];
            Tensor stream = new Tensor(rows.values(), 0, positions.length, width, width, 0);
            ArrayNode list = readings.addArray();
            for (LogitLens.Reading reading : LogitLens.read(run.gpt(), processor, stream, top)) {
                ObjectNode node = list.addObject().put("entropy", reading.entropy());
                ArrayNode guesses = node.putArray("top");
                for (LogitLens.Guess guess : reading.top()) {
                    guesses.addObject()
                            .put("id", guess.id())
                            .put("text", Vocabularies.text(question.open().model(), guess.id()))
                            .put("logit", guess.logit())
                            .put("probability", guess.probability());
                }
            }
        }
        return Answer.json(root);
    }

    /** The residual stream before the first block and after each. */
    private static List<Hook> stages(CapturedRun run) {
        Hooks hooks = Hooks.of(run.gpt());
        List<Hook> stages = new ArrayList<>();
        stages.add(hooks.named("blocks.0.hook_resid_pre"));
        for (int layer = 0; layer < run.gpt().config().nLayer(); layer++) {
            stages.add(hooks.named("blocks." + layer + ".hook_resid_post"));
        }
        return stages;
    }

    private static NamedArray rows(NamedArray array, int[] positions) {
        int n = array.shape()[1];
        float[] rows = new float[positions.length * n];
        for (int i = 0; i < positions.length; i++) {
            System.arraycopy(array.values(), positions[i] * n, rows, i * n, n);
        }
        return new NamedArray(array.name(), new int[] {positions.length, n}, rows);
    }

    /** The stream of one token at every stage, of both sides. */
    private static Answer streams(Question question) {
        question.open();
        Question other = other(question);
        other.open();
        List<NamedArray> both = List.of(stream("a", question), stream("b", other));
        return question.is("format", "npz") ? Answer.npz(both) : Answer.tensors(both);
    }

    private static NamedArray stream(String name, Question side) {
        int[] ids = side.ids();
        int[] position = {side.within("position", ids.length - 1, 0, ids.length - 1)};
        CapturedRun run = side.run(ids);
        List<NamedArray> stages = run.get(stages(run));
        int n = run.gpt().config().nEmbd();
        float[] values = new float[stages.size() * n];
        for (int stage = 0; stage < stages.size(); stage++) {
            float[] row = rows(stages.get(stage), position).values();
            System.arraycopy(row, 0, values, stage * n, n);
        }
        return new NamedArray(name, new int[] {stages.size(), n}, values);
    }

    /** How the loss of a run fell, and where it has kept checkpoints. */
    private static Answer curve(Question question) {
        Entry entry = question.models().entry(question.key());
        Path run =
                entry.run()
                        .orElseThrow(() ->
                                new ApiException(
                                        422, entry.key() + " comes from no training that is here"));
        LossCurve curve;
        try {
            curve = LossCurve.of(Metrics.read(run));
        } catch (DataException e) {
            throw new ApiException(422, String.valueOf(e.getMessage()));
        }
        ObjectNode root = Answer.MAPPER.createObjectNode();
        places(root.putArray("train"), curve.train());
        places(root.putArray("validation"), curve.validation());
        ArrayNode checkpoints = root.putArray("checkpoints");
        for (Entry one : question.models().entries()) {
            if (one.checkpoint() != null && one.path().equals(run)) {
                checkpoints.addObject().put("key", one.key()).put("step", one.checkpoint().step());
            }
        }
        return Answer.json(root);
    }

    private static void places(ArrayNode list, List<LossCurve.Place> places) {
        for (LossCurve.Place place : places) {
            list.addObject().put("step", place.step()).put("loss", place.loss());
        }
    }
}
