package dev.loupe.explorer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.inside.NamedArray;

import java.util.List;

/** What a call gives. */
sealed interface Answer {
    /** One JSON object. */
    record Json(JsonNode value) implements Answer {}

    /**
     * Arrays behind a header.
     *
     * @param header further keys of it
     */
    record Arrays(ObjectNode header, List<NamedArray> arrays) implements Answer {}
}
