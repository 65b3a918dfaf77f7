package dev.loupe.explorer;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.files.LocalModel;
import dev.loupe.files.ModelSummary;
import dev.loupe.generate.Distribution;
import dev.loupe.generate.Sampling;
import dev.loupe.inside.Capture;
import dev.loupe.inside.Hook;
import dev.loupe.inside.Hooks;
import dev.loupe.inside.KnownShape;
import dev.loupe.inside.LogitLens;
import dev.loupe.inside.LogitLens.Reading;
import dev.loupe.inside.NamedArray;
import dev.loupe.inside.Reader;
import dev.loupe.inside.Tally;
import dev.loupe.kernels.Tensor;
import dev.loupe.model.GptConfig;
import dev.loupe.model.Inference;
import dev.loupe.model.Taps;
import dev.loupe.tokens.EncodeOptions;
import dev.loupe.tokens.Encoding;
import dev.loupe.tokens.Tokenizer;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** What can be asked of a model, by name. */
final class Calls {
    private static final long LARGEST = 256L << 20;
    private static final int SHOWN = 50;

    /** Answers one kind of question. */
    interface Call {
        Answer answer(Question question, Asker asker);
    }

    private final Models models;
    private final Map<String, Call> all;

    Calls(Models models) {
        this.models = models;
        Parts parts = new Parts(models);
        all =
                Map.ofEntries(
                        Map.entry("models", (q, a) -> new Answer.Json(models.list())),
                        Map.entry("model", this::model),
                        Map.entry("shape", Calls::shape),
                        Map.entry("tokenize", this::tokenize),
                        Map.entry("detokenize", this::detokenize),
                        Map.entry("vocabulary", this::vocabulary),
                        Map.entry("logits", this::logits),
                        Map.entry("draw", this::draw),
                        Map.entry("lens", this::lens),
                        Map.entry("capture", this::capture),
                        Map.entry("summary", this::summary),
                        Map.entry("derive", parts::derive),
                        Map.entry("attribution", parts::attribution),
                        Map.entry("attention", parts::attention),
                        Map.entry("effect", parts::effect),
                        Map.entry("sweep", parts::sweep),
                        Map.entry("heads", parts::heads),
                        Map.entry("neighbours", parts::neighbours),
                        Map.entry("project", parts::project),
                        Map.entry("components", parts::components),
                        Map.entry("vector", parts::vector));
    }

    boolean has(String name) {
        return all.containsKey(name);
    }

    Answer answer(String name, Question question, Asker asker) {
        Call call = all.get(name);
        if (call == null) {
            throw new Refused(404, "there is no call of that name");
        }
        return call.answer(question, asker);
    }

    /** How much memory an answer may take. */
    static long room() {
        return Math.min(LARGEST, Runtime.getRuntime().maxMemory() / 8);
    }

    static int[] ids(LocalModel model, Question question) {
        GptConfig config = model.gpt().config();
        return question.ids("ids", config.vocabSize(), config.nCtx());
    }

    static @Nullable String text(LocalModel model, int id) {
        return model.tokenizer()
                .filter(tokenizer -> id < tokenizer.vocabSize())
                .map(tokenizer -> tokenizer.text(id))
                .orElse(null);
    }

    /**
     * Runs a prompt and keeps what passes.
     *
     * @throws Refused if that is too much
     */
    static Capture captured(LocalModel model, List<Hook> hooks, int[] ids, Taps changes) {
        long bytes = Capture.bytes(model.gpt().config(), hooks, 0, ids.length);
        if (bytes > room()) {
            throw new Refused(
                    413,
                    "%,d tokens at %,d hooks take %,d bytes, at most %,d are given; ask for fewer hooks"
                            .formatted(ids.length, hooks.size(), bytes, room()));
        }
        Capture capture = new Capture(model.gpt(), hooks, ids.length, room());
        new Reader(model.gpt(), model.processor(), changes.then(capture)).read(ids);
        return capture;
    }

    private Answer model(Question question, Asker asker) {
        asker.progress(0, "reading the model");
        LocalModel model = models.of(question);
        ModelSummary summary = models.summary(question);
        GptConfig config = model.gpt().config();
        ObjectNode node = Shapes.object().put("path", summary.path().toString());
        node.put("total", summary.total());
        node.set("config", Shapes.config(config));
        node.set("form", Shapes.form(config));
        node.set("kinds", Shapes.kinds(Tally.of(config)));
        node.set("types", Shapes.json(summary.types()));
        model.tokenizer()
                .ifPresent(tokenizer -> {
                    ObjectNode own = node.putObject("tokenizer");
                    own.put("vocab_size", tokenizer.vocabSize());
                    own.put("adds_bos", tokenizer.addsBos()).put("adds_eos", tokenizer.addsEos());
                    tokenizer.bos().ifPresent(id -> own.put("bos_id", id));
                    tokenizer.eos().ifPresent(id -> own.put("eos_id", id));
                });
        node.set("end_of_generation_ids", Shapes.json(model.endOfGeneration()));
        ArrayNode hooks = node.putArray("hooks");
        Hooks.of(model.gpt())
                .all()
                .forEach(hook ->
                        hooks.addObject()
                                .put("name", hook.name())
                                .set("shape", Shapes.json(hook.axes())));
        ArrayNode matrices = node.putArray("matrices");
        for (ModelSummary.Entry entry : summary.tensors()) {
            ObjectNode one = matrices.addObject().put("name", entry.name());
            one.put("rows", entry.rows()).put("cols", entry.cols());
            one.put("type", entry.type().name());
            one.put("bytes", entry.rows() * entry.type().bytes(entry.cols()));
            if (entry.name().matches("blk\\.\\d+\\..*")) {
                one.put("layer", Integer.parseInt(entry.name().replaceAll("\\D*(\\d+).*", "$1")));
            }
            one.put("kind", entry.kind().key());
        }
        return new Answer.Json(node);
    }

    private static Answer shape(Question question, Asker asker) {
        String name = question.text("name");
        KnownShape shape =
                KnownShape.named(name)
                        .orElseThrow(() ->
                                Question.wrong(
                                        "name",
                                        question.at("name"),
                                        "gpt2, gpt2-medium, gpt2-large, gpt2-xl or gpt3"));
        Tally tally = Tally.of(shape.config());
        ObjectNode node = Shapes.object().put("model", shape.label());
        node.set("config", Shapes.config(shape.config()));
        node.set("form", Shapes.form(shape.config()));
        node.put("total", tally.total());
        node.set("kinds", Shapes.kinds(tally));
        Tally told = tally.matricesOnly();
        ObjectNode only = node.putObject("matrices_only");
        only.put("total", told.total()).put("matrices", told.matrices());
        only.set("kinds", Shapes.kinds(told));
        return new Answer.Json(node);
    }

    private static Tokenizer tokenizer(LocalModel model) {
        return model.tokenizer()
                .orElseThrow(() -> new Refused(400, "the model has no tokenizer; give ids"));
    }

    private Answer tokenize(Question question, Asker asker) {
        LocalModel model = models.of(question);
        Tokenizer tokenizer = tokenizer(model);
        boolean special = question.flag("special");
        Encoding encoding =
                tokenizer.encode(question.text("text"), new EncodeOptions(special, true));
        ObjectNode node = Shapes.object();
        node.set("ids", Shapes.json(encoding.ids()));
        ArrayNode tokens = node.putArray("tokens");
        for (int i = 0; i < encoding.ids().length; i++) {
            int id = encoding.ids()[i];
            tokens.addObject()
                    .put("id", id)
                    .put("text", tokenizer.text(id))
                    .put("start", encoding.starts()[i])
                    .put("end", encoding.ends()[i]);
        }
        return new Answer.Json(node);
    }

    private Answer detokenize(Question question, Asker asker) {
        LocalModel model = models.of(question);
        Tokenizer tokenizer = tokenizer(model);
        int[] ids = question.integers("ids", 0, tokenizer.vocabSize() - 1);
        ObjectNode node = Shapes.object().put("text", tokenizer.decode(ids));
        ArrayNode tokens = node.putArray("tokens");
        for (int id : ids) {
            tokens.addObject().put("id", id).put("text", tokenizer.text(id));
        }
        return new Answer.Json(node);
    }

    private Answer vocabulary(Question question, Asker asker) {
        Tokenizer tokenizer = tokenizer(models.of(question));
        ObjectNode node = Shapes.object();
        ArrayNode tokens = node.putArray("tokens");
        for (int id = 0; id < tokenizer.vocabSize(); id++) {
            tokens.add(tokenizer.text(id));
        }
        return new Answer.Json(node);
    }

    private Answer logits(Question question, Asker asker) {
        LocalModel model = models.of(question);
        int[] ids = ids(model, question);
        int[] positions = question.integers("positions", 0, ids.length - 1);
        if (positions.length == 0) {
            positions = new int[] {ids.length - 1};
        }
        int vocabSize = model.gpt().config().vocabSize();
        if (4L * positions.length * vocabSize > room()) {
            throw new Refused(413, "positions: so many logits take too much; ask for fewer");
        }
        List<Hook> last = Hooks.of(model.gpt()).matching(List.of("ln_final.hook_normalized"));
        NamedArray hidden =
                captured(model, last, ids, Changes.of(model, question, ids, asker))
                        .get(last.getFirst());
        int nEmbd = hidden.shape()[1];
        Tensor stream = new Tensor(hidden.values(), 0, ids.length, nEmbd, nEmbd, 0);
        float[] values = new float[positions.length * vocabSize];
        Inference ops = new Inference(model.processor());
        for (int i = 0; i < positions.length; i++) {
            asker.check();
            Tensor row = model.gpt().unembed(ops, stream, new int[] {positions[i]});
            System.arraycopy(row.data(), row.row(0), values, i * vocabSize, vocabSize);
        }
        ObjectNode header = Shapes.object();
        header.set("positions", Shapes.json(positions));
        NamedArray logits =
                new NamedArray("logits", new int[] {positions.length, vocabSize}, values);
        return new Answer.Arrays(header, List.of(logits));
    }

    private static Sampling sampling(Question q) {
        return new Sampling(
                Map.of(),
                q.number("repetition_penalty", 1),
                q.number("frequency_penalty", 0),
                q.number("presence_penalty", 0),
                q.number("temperature", 1),
                q.integer("top_k", 0, Integer.MAX_VALUE, 0),
                q.number("top_p", 1),
                q.number("min_p", 0),
                q.number("typical_p", 1));
    }

    private static String order(Sampling s) {
        if (s.temperature() == 0) {
            return "likeliest";
        }
        if (s.typicalP() < 1) {
            return "surprise";
        }
        return s.topK() > 0 || s.topP() < 1 ? "likeliest" : "id";
    }

    /** The engine's own draw: the number that a generation with this seed throws at this step. */
    private Answer draw(Question question, Asker asker) {
        LocalModel model = models.of(question);
        int[] ids = ids(model, question);
        Sampling sampling = sampling(question.object("sampling"));
        int step = question.integer("step", 0, 1 << 20, 0);
        SplittableRandom random = new SplittableRandom(question.seed("seed"));
        for (int i = 0; i < step; i++) {
            random.nextDouble();
        }
        Taps taps = Changes.of(model, question, ids, asker);
        float[] logits = new Reader(model.gpt(), model.processor(), taps).read(ids);
        Distribution distribution = Distribution.of(logits, sampling, ids);
        Distribution.Draw draw = distribution.throwDart(random);
        ObjectNode node = Shapes.object().put("id", draw.token().id());
        node.put("text", text(model, draw.token().id()));
        node.put("u", Double.isNaN(draw.dart()) ? null : (Double) draw.dart());
        node.put("from", draw.from()).put("to", draw.to());
        node.put("probability", draw.token().probability()).put("kept", distribution.size());
        node.put("order", order(sampling));
        ArrayNode steps = node.putArray("steps");
        distribution
                .left()
                .forEach(left ->
                        steps.addObject().put("name", left.step()).put("left", left.tokens()));
        ArrayNode candidates = node.putArray("candidates");
        Reading plain = LogitLens.reading(logits, SHOWN);
        for (LogitLens.Guess guess : plain.top()) {
            double kept = distribution.probability(guess.id());
            candidates
                    .addObject()
                    .put("id", guess.id())
                    .put("text", text(model, guess.id()))
                    .put("logit", guess.logit())
                    .put("model_probability", guess.probability())
                    .put("probability", kept)
                    .put("kept", kept > 0);
        }
        return new Answer.Json(node);
    }

    static ArrayNode top(LocalModel model, Reading reading) {
        ArrayNode top = Shapes.MAPPER.createArrayNode();
        for (LogitLens.Guess guess : reading.top()) {
            top.addObject()
                    .put("id", guess.id())
                    .put("text", text(model, guess.id()))
                    .put("logit", guess.logit())
                    .put("probability", guess.probability());
        }
        return top;
    }

    private Answer lens(Question question, Asker asker) {
        LocalModel model = models.of(question);
        int[] ids = ids(model, question);
        int top = question.integer("top", 1, 100, 5);
        List<Hook> hooks = new ArrayList<>();
        Hooks own = Hooks.of(model.gpt());
        hooks.add(own.named("blocks.0.hook_resid_pre"));
        hooks.addAll(own.matching(List.of("*.hook_resid_post")));
        Capture capture = captured(model, hooks, ids, Changes.of(model, question, ids, asker));
        Inference ops = new Inference(model.processor());
        ObjectNode node = Shapes.object();
        ArrayNode stages = node.putArray("stages");
        ArrayNode readings = node.putArray("readings");
        for (int stage = 0; stage < hooks.size(); stage++) {
            stages.add(stage == 0 ? "embed" : "L" + (stage - 1));
            NamedArray array = capture.get(hooks.get(stage));
            int nEmbd = array.shape()[1];
            Tensor stream = new Tensor(array.values(), 0, ids.length, nEmbd, nEmbd, 0);
            ArrayNode row = readings.addArray();
            for (int t = 0; t < ids.length; t += 32) {
                asker.check();
                int n = Math.min(32, ids.length - t);
                for (Reading reading : LogitLens.read(model.gpt(), ops, stream.rows(t, n), top)) {
                    row.addObject()
                            .put("entropy", reading.entropy())
                            .set("top", top(model, reading));
                }
            }
        }
        return new Answer.Json(node);
    }

    private Answer capture(Question question, Asker asker) {
        LocalModel model = models.of(question);
        int[] ids = ids(model, question);
        List<String> globs = question.texts("hooks");
        if (globs.isEmpty()) {
            throw new Refused(400, "hooks: found none, expected names such as *.hook_pattern");
        }
        List<Hook> hooks = Hooks.of(model.gpt()).matching(globs);
        Capture capture = captured(model, hooks, ids, Changes.of(model, question, ids, asker));
        return new Answer.Arrays(Shapes.object(), hooks.stream().map(capture::get).toList());
    }

    private Answer summary(Question question, Asker asker) {
        LocalModel model = models.of(question);
        int[] ids = ids(model, question);
        Taps changes = Changes.of(model, question, ids, asker);
        int nLayer = model.gpt().config().nLayer();
        int nHead = model.gpt().config().attention().nHead();
        ObjectNode node = Shapes.object();
        Hooks own = Hooks.of(model.gpt());
        for (String name : List.of("resid_pre", "attn_out", "mlp_out", "resid_post")) {
            List<Hook> hooks = own.matching(List.of("*.hook_" + name));
            Capture capture = captured(model, hooks, ids, changes);
            double[][] norms = new double[nLayer][];
            for (Hook hook : hooks) {
                norms[hook.layer()] = norms(capture.get(hook).values(), ids.length);
            }
            node.set(name, Shapes.json(norms));
        }
        double[][][] heads = new double[nLayer][nHead][ids.length];
        List<Hook> results = own.matching(List.of("*.hook_result"));
        boolean together = Capture.bytes(model.gpt().config(), results, 0, ids.length) <= room();
        Capture whole = together ? captured(model, results, ids, changes) : null;
        for (Hook hook : results) {
            Capture seen = whole == null ? captured(model, List.of(hook), ids, changes) : whole;
            double[] flat = norms(seen.get(hook).values(), ids.length * nHead);
            for (int i = 0; i < flat.length; i++) {
                heads[hook.layer()][i % nHead][i / nHead] = flat[i];
            }
        }
        node.set("result", Shapes.json(heads));
        return new Answer.Json(node);
    }

    /** The lengths of so many vectors that lie one behind the other. */
    private static double[] norms(float[] values, int n) {
        int width = values.length / n;
        double[] norms = new double[n];
        Arrays.setAll(
                norms,
                i -> {
                    double squares = 0;
                    for (int c = 0; c < width; c++) {
                        squares += (double) values[i * width + c] * values[i * width + c];
                    }
                    return Math.sqrt(squares);
                });
        return norms;
    }
}
