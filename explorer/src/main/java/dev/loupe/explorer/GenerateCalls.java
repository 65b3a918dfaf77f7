package dev.loupe.explorer;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.generate.Distribution;
import dev.loupe.generate.NoTokenException;
import dev.loupe.generate.Sampling;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** How the next token is chosen. */
final class GenerateCalls {
    /** Positions whose logits are asked for together. */
    private static final int POSITIONS = 64;

    /** Candidates that are told of a draw. */
    private static final int CANDIDATES = 50;

    private GenerateCalls() {}

    /** The calls by their names. */
    static Map<String, Call> all() {
        return Map.of("logits", GenerateCalls::logits, "draw", GenerateCalls::draw);
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
}
