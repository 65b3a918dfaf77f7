package dev.loupe.explorer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

import java.util.ArrayList;
import java.util.List;

/** The JSON object of a request, read with care: what is wrong with it is said in one sentence. */
final class Question {
    private static final int MOST_TOKENS = 1024;

    private final JsonNode body;

    Question(JsonNode body) {
        if (!(body instanceof ObjectNode)) {
            throw new Refused(400, "the request is no JSON object; send one, such as {}");
        }
        this.body = body;
    }

    boolean has(String name) {
        return body.hasNonNull(name);
    }

    String text(String name) {
        JsonNode node = body.path(name);
        if (!node.isTextual()) {
            throw wrong(name, node, "a text");
        }
        return node.textValue();
    }

    String text(String name, String otherwise) {
        return has(name) ? text(name) : otherwise;
    }

    boolean flag(String name) {
        return body.path(name).asBoolean(false);
    }

    int integer(String name, int least, int most) {
        return integer(name, body.path(name), least, most);
    }

    int integer(String name, int least, int most, int otherwise) {
        return has(name) ? integer(name, least, most) : otherwise;
    }

    private static int integer(String name, JsonNode node, int least, int most) {
        if (!node.isIntegralNumber()
                || !node.canConvertToInt()
                || node.intValue() < least
                || node.intValue() > most) {
            throw wrong(name, node, "an integer from " + least + " to " + most);
        }
        return node.intValue();
    }

    long seed(String name) {
        JsonNode node = body.path(name);
        if (!node.isMissingNode() && !(node.isIntegralNumber() && node.canConvertToLong())) {
            throw wrong(name, node, "an integer");
        }
        return node.asLong(0);
    }

    double number(String name, double otherwise) {
        if (!has(name)) {
            return otherwise;
        }
        JsonNode node = body.path(name);
        if (!node.isNumber() || !Double.isFinite(node.doubleValue())) {
            throw wrong(name, node, "a finite number");
        }
        return node.doubleValue();
    }

    int[] integers(String name, int least, int most) {
        JsonNode node = body.path(name);
        if (node.isMissingNode() || node.isNull()) {
            return new int[0];
        }
        if (!node.isArray()) {
            throw wrong(name, node, "a list of integers");
        }
        int[] all = new int[node.size()];
        for (int i = 0; i < all.length; i++) {
            all[i] = integer(name, node.get(i), least, most);
        }
        return all;
    }

    List<String> texts(String name) {
        List<String> all = new ArrayList<>();
        for (JsonNode node : body.path(name)) {
            if (!node.isTextual()) {
                throw wrong(name, node, "a list of texts");
            }
            all.add(node.textValue());
        }
        return all;
    }

    List<Question> objects(String name) {
        List<Question> all = new ArrayList<>();
        for (JsonNode node : body.path(name)) {
            all.add(new Question(node));
        }
        return all;
    }

    Question object(String name) {
        return new Question(has(name) ? body.path(name) : JsonNodeFactory.instance.objectNode());
    }

    JsonNode at(String name) {
        return body.path(name);
    }

    /** The tokens of a prompt: at least one, and as many as the context and a picture hold. */
    int[] ids(String name, int vocabSize, int nCtx) {
        int[] ids = integers(name, 0, vocabSize - 1);
        int most = Math.min(nCtx, MOST_TOKENS);
        if (ids.length < 1 || ids.length > most) {
            throw new Refused(
                    400, "%s: found %d tokens, expected 1 to %d".formatted(name, ids.length, most));
        }
        return ids;
    }

    static Refused wrong(String name, JsonNode found, String expected) {
        String text = found.isMissingNode() ? "nothing" : found.toString();
        return new Refused(
                400,
                name
                        + ": found "
                        + (text.length() > 60 ? text.substring(0, 60) + "..." : text)
                        + ", expected "
                        + expected);
    }
}
