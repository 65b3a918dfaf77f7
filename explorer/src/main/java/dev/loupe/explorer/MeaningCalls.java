package dev.loupe.explorer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.files.LocalModel;
import dev.loupe.inside.Embeddings;
import dev.loupe.inside.Embeddings.Neighbour;
import dev.loupe.inside.NamedArray;
import dev.loupe.inside.Placement;
import dev.loupe.inside.PrincipalComponents;
import dev.loupe.inside.TokenName;
import dev.loupe.inside.VectorExpression;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The vectors of tokens: neighbours, sums, directions, and where words lie. */
final class MeaningCalls {
    /** Words of a cloud or a line. */
    private static final int WORDS = 2000;

    /** Letters of a list of words. */
    private static final int LETTERS = 1 << 16;

    /** Letters of a sum. */
    private static final int SUM = 2000;

    /** Terms of a sum. */
    private static final int TERMS = 64;

    /** Pieces of a word that are named. */
    private static final int PIECES = 16;

    /** Neighbours that a picture of a sum has. */
    private static final int SHOWN = 3;

    private MeaningCalls() {}

    /** The calls by their names. */
    static Map<String, Call> all() {
        return Map.of(
                "sum",
                MeaningCalls::sum,
                "words",
                MeaningCalls::words,
                "cloud",
                MeaningCalls::cloud,
                "direction",
                MeaningCalls::direction,
                "vectors",
                MeaningCalls::vectors);
    }

    private static Embeddings table(Question question) {
        boolean last = question.is("table", "unembedding");
        if (!last && question.has("table") && !question.is("table", "embedding")) {
            throw new ApiException(400, "table: expected embedding or unembedding");
        }
        return last ? question.open().unembedding() : question.open().embedding();
    }

    /** A word of a sum and its tokens; only one that is one token has a vector. */
    private record Term(boolean minus, TokenName name, int[] ids) {
        boolean token() {
            return ids.length == 1;
        }

        void put(ObjectNode node) {
            node.put("word", name.text()).put("exact", name.exact()).put("pieces", ids.length);
            node.set("ids", Answer.MAPPER.valueToTree(Arrays.stream(ids).limit(PIECES).toArray()));
        }
    }

    private static Term term(Question question, boolean minus, TokenName name) {
        LocalModel model = question.open().model();
        int vocabSize = model.gpt().config().vocabSize();
        return new Term(minus, name, name.ids(model.tokenizer(), vocabSize));
    }

    private static List<Term> terms(Question question) {
        VectorExpression sum = VectorExpression.parse(question.text("text", SUM).strip());
        if (sum.terms().size() > TERMS) {
            throw new ApiException(
                    413,
                    "text: found a sum of %d words, expected at most %d"
                            .formatted(sum.terms().size(), TERMS));
        }
        List<Term> terms = new ArrayList<>();
        for (VectorExpression.Term term : sum.terms()) {
            terms.add(term(question, term.minus(), term.name()));
        }
        return terms;
    }

    private static List<Term> words(Question question, String name) {
        List<TokenName> names = VectorExpression.words(question.text(name, LETTERS));
        if (names.size() > WORDS) {
            throw new ApiException(
                    413,
                    "%s: found %d words, expected at most %d".formatted(name, names.size(), WORDS));
        }
        List<Term> words = new ArrayList<>();
        for (TokenName word : names) {
            question.asker().check();
            words.add(term(question, false, word));
        }
        return words;
    }

    /** A vector of a sum, and the longest of those that went into it. */
    private record Total(float[] vector, double length, double longest) {
        static Total of(Embeddings table, List<Term> terms) {
            float[] vector = table.sum(ids(terms, false), ids(terms, true));
            double squares = 0;
            for (float x : vector) {
                squares += (double) x * x;
            }
            double longest =
                    terms.stream().mapToDouble(t -> table.length(t.ids[0])).max().orElse(0);
            return new Total(vector, Math.sqrt(squares), longest);
        }

        private static int[] ids(List<Term> terms, boolean minus) {
            return terms.stream().filter(t -> t.minus == minus).mapToInt(t -> t.ids[0]).toArray();
        }

        /** Whether nothing but rounding is left. */
        boolean nothing() {
            return length <= 1e-5 * longest;
        }
    }

    private static void put(ObjectNode root, List<Term> terms) {
        ArrayNode list = root.putArray("terms");
        for (Term term : terms) {
            term.put(list.addObject().put("minus", term.minus));
        }
    }

    private static Answer sum(Question question) {
        Embeddings table = table(question);
        int n = question.within("n", 20, 1, 200);
        List<Term> terms = terms(question);
        ObjectNode root = Answer.MAPPER.createObjectNode();
        put(root, terms);
        if (!terms.stream().allMatch(Term::token)) {
            return Answer.json(root);
        }
        Total total = Total.of(table, terms);
        root.put("length", total.nothing() ? 0 : total.length);
        ArrayNode list = root.putArray("neighbours");
        if (total.nothing()) {
            return Answer.json(root);
        }
        Set<Integer> named = new LinkedHashSet<>();
        terms.forEach(term -> named.add(term.ids[0]));
        List<Neighbour> nearest = table.nearest(total.vector, n, id -> !named.contains(id));
        for (Neighbour near : nearest) {
            list.addObject()
                    .put("id", near.id())
                    .put("cosine", near.cosine())
                    .put("length", table.length(near.id()));
        }
        if (terms.size() > 1) {
            List<Integer> shown = nearest.stream().limit(SHOWN).map(Neighbour::id).toList();
            root.set("plane", plane(table, terms, List.copyOf(named), shown, total.vector));
        }
        return Answer.json(root);
    }

    /**
     * The plane of the words of a sum and of its nearest token. A sum of one word more than it
     * takes away lies among words, wherever zero is; of any other sum zero is part of the picture.
     */
    private static ObjectNode plane(
            Embeddings table,
            List<Term> terms,
            List<Integer> named,
            List<Integer> nearest,
            float[] total) {
        List<float[]> vectors = new ArrayList<>();
        named.forEach(id -> vectors.add(table.vector(id)));
        nearest.stream().limit(1).forEach(id -> vectors.add(table.vector(id)));
        float[] zero = new float[total.length];
        boolean among = terms.stream().mapToInt(term -> term.minus ? -1 : 1).sum() == 1;
        if (!among) {
            vectors.add(zero);
        }
        PrincipalComponents found =
                PrincipalComponents.of(vectors, Math.min(2, vectors.size() - 1));
        ObjectNode plane = Answer.MAPPER.createObjectNode().put("among", among);
        plane.set("explained", Answer.MAPPER.valueToTree(found.explained()));
        plane.set("zero", place(found, zero));
        plane.set("sum", place(found, total));
        ArrayNode words = plane.putArray("words");
        named.forEach(id -> words.addObject().put("id", id).set("at", at(table, found, id)));
        ArrayNode neighbours = plane.putArray("neighbours");
        nearest.forEach(id -> neighbours.addObject().put("id", id).set("at", at(table, found, id)));
        return plane;
    }

    private static JsonNode at(Embeddings table, PrincipalComponents found, int id) {
        return place(found, table.vector(id));
    }

    private static JsonNode place(PrincipalComponents found, float[] vector) {
        return Answer.MAPPER.valueToTree(Arrays.copyOf(found.place(vector), 2));
    }

    private static Answer words(Question question) {
        ObjectNode root = Answer.MAPPER.createObjectNode();
        ArrayNode list = root.putArray("words");
        words(question, "text").forEach(word -> word.put(list.addObject()));
        return Answer.json(root);
    }

    private static int[] ids(Question question) {
        int[] ids = question.tokens("ids", WORDS);
        if (ids.length == 0) {
            throw new ApiException(400, "ids: found none, expected at least one");
        }
        return ids;
    }

    private static Answer cloud(Question question) {
        Embeddings table = table(question);
        int[] ids = ids(question);
        List<float[]> vectors = new ArrayList<>();
        double[] lengths = new double[ids.length];
        for (int i = 0; i < ids.length; i++) {
            vectors.add(table.vector(ids[i]));
            lengths[i] = table.length(ids[i]);
        }
        List<float[]> axes = new ArrayList<>();
        JsonNode asked = question.asked().path("axes");
        if (asked.size() > 3) {
            throw new ApiException(400, "axes: found " + asked.size() + ", expected at most 3");
        }
        for (JsonNode axis : asked) {
            axes.add(axis(question.part(axis), table, axes.size() + 1));
        }
        Placement found = Placement.of(vectors, axes, 3, question.asker()::check);
        ObjectNode root = Answer.MAPPER.createObjectNode();
        root.set("points", Answer.MAPPER.valueToTree(found.points()));
        root.set("explained", Answer.MAPPER.valueToTree(found.explained()));
        root.set("cosines", Answer.MAPPER.valueToTree(found.cosines()));
        root.set("lengths", Answer.MAPPER.valueToTree(lengths));
        return Answer.json(root);
    }

    /** From some words to as many others: the mean of the differences. */
    private static float[] axis(Question question, Embeddings table, int number) {
        List<Term> from = words(question, "from");
        List<Term> to = words(question, "to");
        if (from.isEmpty() || from.size() != to.size()) {
            throw new ApiException(
                    400,
                    "axis %d: found %d words and %d, expected a word, and another that it leads to"
                            .formatted(number, from.size(), to.size()));
        }
        List<int[]> pairs = new ArrayList<>();
        for (int i = 0; i < from.size(); i++) {
            pairs.add(new int[] {one(from.get(i), number), one(to.get(i), number)});
        }
        return table.direction(pairs);
    }

    private static int one(Term term, int axis) {
        if (!term.token()) {
            throw new ApiException(
                    400,
                    "axis %d: '%s' is %d tokens of this model, and only a token has a vector"
                            .formatted(axis, term.name.text(), term.ids.length));
        }
        return term.ids[0];
    }

    private static Answer direction(Question question) {
        Embeddings table = table(question);
        List<Term> terms = terms(question);
        List<Term> words = words(question, "words");
        ObjectNode root = Answer.MAPPER.createObjectNode();
        put(root, terms);
        if (!terms.stream().allMatch(Term::token)) {
            return Answer.json(root);
        }
        Total total = Total.of(table, terms);
        root.put("length", total.nothing() ? 0 : total.length);
        ArrayNode list = root.putArray("words");
        for (Term word : words) {
            ObjectNode node = list.addObject();
            word.put(node);
            if (word.token() && !total.nothing()) {
                node.put("at", table.projection(word.ids[0], total.vector));
            }
        }
        return Answer.json(root);
    }

    private static Answer vectors(Question question) {
        Embeddings table = table(question);
        int[] ids = ids(question);
        float[] numbers = new float[ids.length];
        int n = question.open().model().gpt().config().nEmbd();
        float[] all = new float[ids.length * n];
        for (int i = 0; i < ids.length; i++) {
            System.arraycopy(table.vector(ids[i]), 0, all, i * n, n);
            numbers[i] = ids[i];
        }
        List<NamedArray> arrays =
                List.of(
                        new NamedArray("vectors", new int[] {ids.length, n}, all),
                        new NamedArray("ids", new int[] {ids.length}, numbers));
        return question.is("format", "npz") ? Answer.npz(arrays) : Answer.tensors(arrays);
    }
}
