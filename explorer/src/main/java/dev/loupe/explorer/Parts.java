package dev.loupe.explorer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.files.LocalModel;
import dev.loupe.inside.AttentionWeights;
import dev.loupe.inside.Attribution;
import dev.loupe.inside.Attribution.Target;
import dev.loupe.inside.Capture;
import dev.loupe.inside.Derivation;
import dev.loupe.inside.Effect;
import dev.loupe.inside.Embeddings;
import dev.loupe.inside.HeadScores;
import dev.loupe.inside.Hook;
import dev.loupe.inside.Hooks;
import dev.loupe.inside.Intervention;
import dev.loupe.inside.Interventions;
import dev.loupe.inside.LogitLens;
import dev.loupe.inside.NamedArray;
import dev.loupe.inside.PatchingMap;
import dev.loupe.inside.Place;
import dev.loupe.inside.PrincipalComponents;
import dev.loupe.inside.Reader;
import dev.loupe.model.Taps;
import dev.loupe.tokens.Tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Calls about parts of a model: where numbers come from, what parts do, how words lie. */
final class Parts {
    private static final int MOST_POINTS = 2000;

    private final Models models;

    Parts(Models models) {
        this.models = models;
    }

    Answer derive(Question question, Asker asker) {
        LocalModel model = models.of(question);
        int[] ids = Calls.ids(model, question);
        Derivation d =
                Derivation.of(
                        model.gpt(),
                        model.processor(),
                        ids,
                        Changes.of(model, question, ids, asker),
                        question.text("hook"),
                        question.integers("index", 0, Integer.MAX_VALUE),
                        Calls.room());
        ObjectNode node = Shapes.object().put("name", d.name()).put("formula", d.formula());
        ArrayNode lines = node.putArray("lines");
        d.lines()
                .forEach(l ->
                        lines.addObject().put("text", l.text()).set("value", number(l.value())));
        ArrayNode terms = node.putArray("terms");
        for (Derivation.Term term : d.terms()) {
            ObjectNode one = terms.addObject().put("name", term.name());
            one.put("index", term.index());
            if (term.weight() != null) {
                one.put("weight", term.weight());
            }
            one.set("input", number(term.input()));
            one.set("product", number(term.product()));
        }
        node.put("bias", d.bias());
        node.set("result", number(d.result()));
        node.set("captured", number(d.captured()));
        return new Answer.Json(node);
    }

    /** JSON has no infinity: it is null. */
    private static JsonNode number(double value) {
        return Double.isFinite(value)
                ? Shapes.MAPPER.getNodeFactory().numberNode(value)
                : Shapes.MAPPER.nullNode();
    }

    private static Target target(LocalModel model, Question question) {
        int last = model.gpt().config().vocabSize() - 1;
        int id = question.integer("id", 0, last);
        return question.has("against")
                ? new Target(id, OptionalInt.of(question.integer("against", 0, last)))
                : Target.of(id);
    }

    Answer attribution(Question question, Asker asker) {
        LocalModel model = models.of(question);
        int[] ids = Calls.ids(model, question);
        if (!question.objects("changes").isEmpty()) {
            throw new Refused(400, "changes: attribution is of a prompt as it is; leave them out");
        }
        int position = question.integer("position", 0, ids.length - 1, ids.length - 1);
        asker.check();
        Attribution attribution =
                Attribution.of(
                        model.gpt(), model.processor(), ids, position, target(model, question));
        ObjectNode node = Shapes.object().put("logit", attribution.logit());
        ArrayNode parts = node.putArray("parts");
        for (Attribution.Part part : attribution.parts()) {
            parts.addObject()
                    .put("kind", part.kind().name().toLowerCase(Locale.ROOT))
                    .put("name", part.name())
                    .put("layer", part.layer())
                    .put("head", part.head())
                    .put("value", part.value());
        }
        return new Answer.Json(node.put("sum", attribution.sum()));
    }

    Answer attention(Question question, Asker asker) {
        LocalModel model = models.of(question);
        int[] ids = Calls.ids(model, question);
        int layer = question.integer("layer", 0, model.gpt().config().nLayer() - 1);
        Taps changes = Changes.of(model, question, ids, asker);
        List<Hook> hooks = AttentionWeights.hooks(layer);
        Capture capture = Calls.captured(model, hooks, ids, changes);
        NamedArray pattern = capture.get(hooks.getLast());
        NamedArray moved = AttentionWeights.normWeighted(model.gpt(), capture, layer);
        return new Answer.Arrays(
                Shapes.object().put("layer", layer),
                List.of(
                        new NamedArray("pattern", pattern.shape(), pattern.values()),
                        new NamedArray("norm_weighted", moved.shape(), moved.values())));
    }

    Answer effect(Question question, Asker asker) {
        LocalModel model = models.of(question);
        int[] ids = Calls.ids(model, question);
        int top = question.integer("top", 1, 100, 8);
        Taps changes = Changes.of(model, question, ids, asker);
        float[] before = new Reader(model.gpt(), model.processor(), asker).read(ids);
        float[] after = new Reader(model.gpt(), model.processor(), changes).read(ids);
        Effect effect = Effect.of(before, after, top);
        ObjectNode node = Shapes.object().put("kl_bits", effect.divergence() / Math.log(2));
        node.putObject("before").set("top", Calls.top(model, effect.before()));
        node.putObject("after").set("top", Calls.top(model, effect.after()));
        float[] more = new float[before.length];
        float[] less = new float[before.length];
        double[] first = softmax(before);
        double[] second = softmax(after);
        for (int id = 0; id < more.length; id++) {
            more[id] = (float) (second[id] - first[id]);
            less[id] = -more[id];
        }
        node.set("up", moved(model, more, first, second, top));
        node.set("down", moved(model, less, first, second, top));
        if (question.has("id")) {
            Target target = target(model, question);
            node.putObject("target")
                    .put("before", effect.before(target))
                    .put("after", effect.after(target));
        }
        return new Answer.Json(node);
    }

    private static ArrayNode moved(
            LocalModel model, float[] by, double[] before, double[] after, int top) {
        ArrayNode list = Shapes.MAPPER.createArrayNode();
        for (LogitLens.Guess guess : LogitLens.reading(by, top).top()) {
            int id = guess.id();
            list.addObject()
                    .put("id", id)
                    .put("text", Calls.text(model, id))
                    .put("before", before[id])
                    .put("after", after[id]);
        }
        return list;
    }

    private static double[] softmax(float[] logits) {
        double largest = Double.NEGATIVE_INFINITY;
        for (float logit : logits) {
            largest = Math.max(largest, logit);
        }
        double[] p = new double[logits.length];
        double sum = 0;
        for (int i = 0; i < p.length; i++) {
            p[i] = Math.exp(logits[i] - largest);
            sum += p[i];
        }
        for (int i = 0; i < p.length; i++) {
            p[i] /= sum;
        }
        return p;
    }

    Answer sweep(Question question, Asker asker) {
        LocalModel model = models.of(question);
        int[] ids = Calls.ids(model, question);
        int vocabSize = model.gpt().config().vocabSize();
        int[] clean = question.ids("from_ids", vocabSize, model.gpt().config().nCtx());
        if (clean.length != ids.length) {
            throw new Refused(
                    400,
                    "from_ids: found %d tokens, expected %d as ids has"
                            .formatted(clean.length, ids.length));
        }
        Target target = target(model, question);
        PatchingMap map =
                switch (question.text("over", "positions")) {
                    case "positions" -> positions(model, question, ids, clean, target, asker);
                    case "heads" -> heads(model, ids, clean, target, asker);
                    default ->
                            throw Question.wrong("over", question.at("over"), "positions or heads");
                };
        ObjectNode node = Shapes.object().put("clean", map.clean());
        node.put("corrupted", map.corrupted());
        node.set("values", Shapes.json(map.values()));
        double[][] restored = new double[map.values().length][];
        for (int layer = 0; layer < restored.length; layer++) {
            int at = layer;
            restored[layer] =
                    IntStream.range(0, map.values()[layer].length)
                            .mapToDouble(i -> map.restored(at, i))
                            .toArray();
        }
        node.set("restored", Shapes.json(restored));
        return new Answer.Json(node);
    }

    private static PatchingMap positions(
            LocalModel model,
            Question question,
            int[] ids,
            int[] clean,
            Target target,
            Asker asker) {
        PatchingMap.Stream stream =
                switch (question.text("stream", "resid_pre")) {
                    case "resid_pre" -> PatchingMap.Stream.RESID_PRE;
                    case "attn_out" -> PatchingMap.Stream.ATTN_OUT;
                    case "mlp_out" -> PatchingMap.Stream.MLP_OUT;
                    default ->
                            throw Question.wrong(
                                    "stream",
                                    question.at("stream"),
                                    "resid_pre, attn_out or mlp_out");
                };
        if (question.text("by", "runs").equals("gradient")) {
            asker.check();
            return PatchingMap.byGradient(
                    model.gpt(), model.processor(), clean, ids, target, stream);
        }
        int runs = model.gpt().config().nLayer() * ids.length;
        return PatchingMap.of(
                model.gpt(),
                model.processor(),
                clean,
                ids,
                target,
                stream,
                done -> asker.progress((double) done / runs, "run " + done + " of " + runs));
    }

    /** Each head in turn writes what it wrote in the clean run, at all positions. */
    private static PatchingMap heads(
            LocalModel model, int[] ids, int[] clean, Target target, Asker asker) {
        List<Hook> hooks = Hooks.of(model.gpt()).matching(List.of("*.hook_z"));
        Capture capture = new Capture(model.gpt(), hooks, clean.length, Calls.room());
        float[] best = new Reader(model.gpt(), model.processor(), capture.then(asker)).read(clean);
        float[] worst = new Reader(model.gpt(), model.processor(), asker).read(ids);
        Effect ends = Effect.of(worst, best, 1);
        int nHead = model.gpt().config().attention().nHead();
        double[][] values = new double[hooks.size()][nHead];
        for (int layer = 0; layer < values.length; layer++) {
            for (int head = 0; head < nHead; head++) {
                Place place = Place.head(model.gpt(), layer, head);
                var patch = new Intervention.Patch(place, capture.get(hooks.get(layer)));
                Taps taps = new Interventions(model.gpt(), List.of(patch)).then(asker);
                float[] logits = new Reader(model.gpt(), model.processor(), taps).read(ids);
                values[layer][head] = Effect.of(worst, logits, 1).after(target);
                asker.progress(
                        (layer * nHead + head + 1.0) / (values.length * nHead),
                        "layer " + (layer + 1) + " of " + values.length);
            }
        }
        return new PatchingMap(ends.after(target), ends.before(target), values);
    }

    Answer heads(Question question, Asker asker) {
        LocalModel model = models.of(question);
        asker.progress(0, "four texts of random tokens");
        int bos =
                model.tokenizer()
                        .filter(Tokenizer::addsBos)
                        .map(tokenizer -> tokenizer.bos().orElse(-1))
                        .orElse(-1);
        ObjectNode node = Shapes.object();
        ArrayNode heads = node.putArray("heads");
        for (HeadScores s : HeadScores.of(model.gpt(), model.processor(), 4, 1, bos)) {
            heads.addObject()
                    .put("layer", s.layer())
                    .put("head", s.head())
                    .put("previous", s.previous())
                    .put("induction", s.induction())
                    .put("first", s.first())
                    .put("duplicate", s.duplicate());
        }
        return new Answer.Json(node);
    }

    private static float[] sum(LocalModel model, Question question) {
        int last = model.gpt().config().vocabSize() - 1;
        int[] plus = question.integers("plus", 0, last);
        int[] minus = question.integers("minus", 0, last);
        if (plus.length + minus.length == 0) {
            throw new Refused(400, "plus: found no tokens, expected some in plus or minus");
        }
        return Embeddings.of(model.gpt(), model.processor()).sum(plus, minus);
    }

    Answer neighbours(Question question, Asker asker) {
        LocalModel model = models.of(question);
        float[] vector = sum(model, question);
        int n = question.integer("n", 1, 1000, 10);
        int last = model.gpt().config().vocabSize() - 1;
        Set<Integer> without =
                Arrays.stream(question.integers("exclude", 0, last))
                        .boxed()
                        .collect(Collectors.toSet());
        double squares = 0;
        for (float x : vector) {
            squares += (double) x * x;
        }
        ObjectNode node = Shapes.object().put("norm", Math.sqrt(squares));
        ArrayNode list = node.putArray("neighbours");
        Embeddings.of(model.gpt(), model.processor())
                .nearest(vector, n, id -> !without.contains(id))
                .forEach(near ->
                        list.addObject()
                                .put("id", near.id())
                                .put("text", Calls.text(model, near.id()))
                                .put("cosine", near.cosine()));
        return new Answer.Json(node);
    }

    Answer project(Question question, Asker asker) {
        LocalModel model = models.of(question);
        Embeddings embeddings = Embeddings.of(model.gpt(), model.processor());
        int last = model.gpt().config().vocabSize() - 1;
        float[] direction;
        if (question.has("pairs")) {
            List<int[]> pairs = new ArrayList<>();
            for (JsonNode pair : question.at("pairs")) {
                ObjectNode one = Shapes.object();
                one.set("pair", pair);
                int[] two = new Question(one).integers("pair", 0, last);
                if (two.length != 2) {
                    throw Question.wrong("pairs", pair, "two tokens each");
                }
                pairs.add(two);
            }
            direction = embeddings.direction(pairs);
        } else {
            direction = sum(model, question);
        }
        double[] values =
                Arrays.stream(question.integers("ids", 0, last))
                        .mapToDouble(id -> embeddings.projection(id, direction))
                        .toArray();
        return new Answer.Json(Shapes.object().set("projections", Shapes.json(values)));
    }

    Answer components(Question question, Asker asker) {
        LocalModel model = models.of(question);
        int[] ids = question.integers("ids", 0, model.gpt().config().vocabSize() - 1);
        if (ids.length < 2 || ids.length > MOST_POINTS) {
            throw new Refused(
                    400,
                    "ids: found %d tokens, expected 2 to %d".formatted(ids.length, MOST_POINTS));
        }
        Embeddings embeddings = Embeddings.of(model.gpt(), model.processor());
        ObjectNode node = Shapes.object();
        List<Question> axes = question.objects("axes");
        if (!axes.isEmpty()) {
            List<float[]> directions = axes.stream().map(axis -> sum(model, axis)).toList();
            double[][] points = new double[ids.length][directions.size()];
            for (int i = 0; i < ids.length; i++) {
                for (int axis = 0; axis < directions.size(); axis++) {
                    points[i][axis] = embeddings.projection(ids[i], directions.get(axis));
                }
            }
            node.set("points", Shapes.json(points));
            return new Answer.Json(node);
        }
        PrincipalComponents found =
                embeddings.components(ids, question.integer("dimensions", 2, 3, 2));
        node.set("points", Shapes.json(found.points()));
        node.set("explained", Shapes.json(found.explained()));
        return new Answer.Json(node);
    }

    Answer vector(Question question, Asker asker) {
        LocalModel model = models.of(question);
        int id = question.integer("id", 0, model.gpt().config().vocabSize() - 1);
        float[] vector = Embeddings.of(model.gpt(), model.processor()).vector(id);
        return new Answer.Arrays(
                Shapes.object().put("id", id),
                List.of(new NamedArray("vector", new int[] {vector.length}, vector)));
    }
}
