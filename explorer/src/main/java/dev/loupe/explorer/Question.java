package dev.loupe.explorer;

import com.fasterxml.jackson.databind.JsonNode;

import dev.loupe.explorer.Models.Open;
import dev.loupe.generate.Sampling;
import dev.loupe.inside.CapturedRun;
import dev.loupe.tokens.Tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** What was asked, field by field; what is wrong is said. */
record Question(JsonNode asked, Models models, Asker asker) {
    /** The most tokens of a prompt. */
    static final int TOKENS = 1024;

    Open open() {
        return models.get(key());
    }

    /** The same, and whoever waits is told how far loading is. */
    Open load() {
        String key = key();
        return models.get(
                key, (done, total) -> asker.progress((double) done / total, "loading " + key));
    }

    /** The model that is asked about. */
    String key() {
        JsonNode key = asked.path("model");
        return key.isTextual() ? key.textValue() : models.first();
    }

    Tokenizer tokenizer() {
        return open().model()
                .tokenizer()
                .orElseThrow(() ->
                        new ApiException(422, "this model has no tokenizer, so it takes no text"));
    }

    /** The run of a prompt, with the changes that are asked for. */
    CapturedRun run(int[] ids) {
        return run(ids, asked.path("changes"));
    }

    /** The run of a prompt as it is. */
    CapturedRun unchanged(int[] ids) {
        return run(ids, Answer.MAPPER.missingNode());
    }

    private CapturedRun run(int[] ids, JsonNode changes) {
        Open open = open();
        return open.run(ids, changes.toString(), asker, () -> new Changes(this, ids).taps(changes));
    }

    /** The tokens of the prompt. */
    int[] ids() {
        return ids("ids");
    }

    /** Tokens of a prompt that the model can read. */
    int[] ids(String name) {
        int[] ids = tokens(name, Math.min(TOKENS, open().model().gpt().config().nCtx()));
        if (ids.length == 0) {
            throw new ApiException(400, name + ": found none, expected at least one");
        }
        return ids;
    }

    /** Makes sure that the model can read so many tokens. */
    void checkLength(int tokens) {
        int most = Math.min(TOKENS, open().model().gpt().config().nCtx());
        if (tokens > most) {
            throw new ApiException(
                    413,
                    "%s reads at most %d tokens, and the text has %d"
                            .formatted(key(), most, tokens));
        }
    }

    /** Tokens that the model knows. */
    int[] tokens(String name, int most) {
        int n = open().model().gpt().config().vocabSize();
        int[] ids = integers(name, most);
        for (int id : ids) {
            if (id < 0 || id >= n) {
                throw new ApiException(
                        400, "%s: found %d, expected 0 to %d".formatted(name, id, n - 1));
            }
        }
        return ids;
    }

    /** A token that the model knows. */
    int token(String name) {
        if (!has(name)) {
            throw new ApiException(400, name + ": expected a token");
        }
        return within(name, -1, 0, open().model().gpt().config().vocabSize() - 1);
    }

    boolean has(String name) {
        return !asked.path(name).isMissingNode() && !asked.path(name).isNull();
    }

    /** A part of what was asked, asked by the same. */
    Question part(JsonNode node) {
        return new Question(node, models, asker);
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
            throw new ApiException(400, "positions: expected numbers from 0 to " + (tokens - 1));
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
                    400, "%s: found %d, expected %d to %d".formatted(name, number, least, most));
        }
        return (int) number;
    }

    /** A number that is finite. */
    double real(String name, double otherwise) {
        return real(asked, name, otherwise);
    }

    private static double real(JsonNode from, String name, double otherwise) {
        JsonNode node = from.path(name);
        if (node.isMissingNode() || node.isNull()) {
            return otherwise;
        }
        if (!node.isNumber() || !Double.isFinite(node.doubleValue())) {
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
