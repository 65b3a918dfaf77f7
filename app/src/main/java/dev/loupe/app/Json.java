package dev.loupe.app;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** JSON on the command line: one value a line. */
final class Json {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private Json() {}

    static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    static JsonNode of(Object value) {
        return MAPPER.valueToTree(value);
    }

    /** Prints a line, at once. */
    static void print(JsonNode value) {
        System.out.println(value);
        System.out.flush();
    }

    /**
     * Reads token ids.
     *
     * @param number of the line, from 1, for errors
     */
    static int[] ids(JsonNode node, int number) {
        if (!node.isArray()) {
            throw new UserException(
                    "line " + number + ": found no ids, expected {\"ids\": [1, 2]}");
        }
        int[] ids = new int[node.size()];
        for (int i = 0; i < ids.length; i++) {
            JsonNode id = node.get(i);
            if (!id.isIntegralNumber() || !id.canConvertToInt()) {
                throw new UserException(
                        "line " + number + ": ids: found " + id + ", expected an integer");
            }
            ids[i] = id.intValue();
        }
        return ids;
    }

    /**
     * Reads a line of input.
     *
     * @param number of the line, from 1, for errors
     */
    static JsonNode line(String line, int number) {
        try {
            JsonNode node = MAPPER.readTree(line);
            if (node == null || !node.isObject()) {
                throw new UserException("line " + number + ": found no JSON object, expected one");
            }
            return node;
        } catch (JsonProcessingException e) {
            throw new UserException("line " + number + ": " + e.getOriginalMessage(), e);
        }
    }
}
