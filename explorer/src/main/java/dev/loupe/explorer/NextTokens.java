package dev.loupe.explorer;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.files.LocalModel;
import dev.loupe.inside.Effect;
import dev.loupe.inside.LogitLens;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/** The next token of two models, in one table. */
final class NextTokens {
    private static final double NATS = Math.log(2);

    /** A distribution over the tokens of a model. */
    private static final class Side {
        private final LocalModel model;
        private final float[] logits;
        private final double logSum;

        Side(LocalModel model, float[] logits) {
            this.model = model;
            this.logits = logits;
            logSum = logSum(logits);
        }

        double probability(int id) {
            return Math.exp(logits[id] - logSum);
        }

        /** 1 for the likeliest; of equal ones the lower id comes first. */
        int rank(int id) {
            int rank = 1;
            for (int i = 0; i < logits.length; i++) {
                if (logits[i] > logits[id] || (logits[i] == logits[id] && i < id)) {
                    rank++;
                }
            }
            return rank;
        }

        String text(int id) {
            return Vocabularies.text(model, id);
        }

        ObjectNode json(int id) {
            return Answer.MAPPER
                    .createObjectNode()
                    .put("id", id)
                    .put("probability", probability(id))
                    .put("rank", rank(id));
        }
    }

    private final Side a;
    private final Side b;
    private final boolean same;

    NextTokens(LocalModel a, float[] ours, LocalModel b, float[] theirs) {
        this.a = new Side(a, ours);
        this.b = new Side(b, theirs);
        same = Vocabularies.same(a, b);
    }

    /** The logarithm of the sum of exponentials. */
    private static double logSum(float[] logits) {
        double largest = Double.NEGATIVE_INFINITY;
        for (float logit : logits) {
            largest = Math.max(largest, logit);
        }
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - largest);
        }
        return largest + Math.log(sum);
    }

    /** How surprising a token is, in bits. */
    static double bits(float[] logits, int id) {
        return Math.max(0, (logSum(logits) - logits[id]) / NATS);
    }

    /**
     * The likeliest tokens of either side, each with its place on both.
     *
     * @param top how many of each side
     */
    ObjectNode json(int top) {
        // also refuses logits that are no numbers
        Effect forth = Effect.of(a.logits, same ? b.logits : a.logits, top);
        Effect back = Effect.of(b.logits, same ? a.logits : b.logits, top);
        ObjectNode root = Answer.MAPPER.createObjectNode();
        root.putObject("a").put("entropy", forth.before().entropy());
        root.putObject("b").put("entropy", back.before().entropy());
        if (same) {
            root.putObject("kl")
                    .put("a_b", forth.divergence() / NATS)
                    .put("b_a", back.divergence() / NATS);
        }
        ArrayNode rows = root.putArray("rows");
        for (Map.Entry<Integer, Integer> row : rows(ids(forth.before()), ids(back.before()))) {
            int ours = row.getKey();
            int theirs = row.getValue();
            ObjectNode node =
                    rows.addObject().put("text", ours >= 0 ? a.text(ours) : b.text(theirs));
            if (ours >= 0) {
                node.set("a", a.json(ours));
            }
            if (theirs >= 0) {
                node.set("b", b.json(theirs));
            }
        }
        return root;
    }

    private static List<Integer> ids(LogitLens.Reading reading) {
        return reading.top().stream().map(LogitLens.Guess::id).toList();
    }

    /** Ids of A and of B that are one token; -1 where a side has no such token. */
    private List<Map.Entry<Integer, Integer>> rows(List<Integer> ours, List<Integer> theirs) {
        Map<String, Integer> inA = same ? Map.of() : ids(a, b, theirs);
        Map<String, Integer> inB = same ? Map.of() : ids(b, a, ours);
        // keyed by what makes two ids one token
        SequencedMap<String, Map.Entry<Integer, Integer>> rows = new LinkedHashMap<>();
        for (int id : ours) {
            String key = same ? "" + id : a.text(id);
            rows.putIfAbsent(key, Map.entry(id, same ? id : inB.getOrDefault(key, -1)));
        }
        for (int id : theirs) {
            String key = same ? "" + id : b.text(id);
            rows.putIfAbsent(key, Map.entry(same ? id : inA.getOrDefault(key, -1), id));
        }
        return List.copyOf(rows.values());
    }

    /** Which ids of a side have the texts of some ids of the other. */
    private static Map<String, Integer> ids(Side side, Side from, List<Integer> wanted) {
        Map<String, Integer> found = new HashMap<>();
        for (int id : wanted) {
            found.put(from.text(id), -1);
        }
        for (int id = 0; id < side.logits.length; id++) {
            String text = side.text(id);
            if (found.getOrDefault(text, 0) == -1) {
                found.put(text, id);
            }
        }
        return found;
    }
}
