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
