package dev.loupe.explorer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.inside.Tally;
import dev.loupe.model.GptConfig;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** What a model is, as JSON. */
final class Shapes {
    static final ObjectMapper MAPPER = new ObjectMapper();

    private Shapes() {}

    static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    static JsonNode json(Object value) {
        return MAPPER.valueToTree(value);
    }

    /** The fields that {@code show --json} has too. */
    static JsonNode config(GptConfig c) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("family", c.family());
        fields.put("nLayer", c.nLayer());
        fields.put("nEmbd", c.nEmbd());
        fields.put("nHead", c.attention().nHead());
        fields.put("nKvHead", c.attention().nKvHead());
        fields.put("headDim", c.attention().headDim());
        fields.put("nInner", c.mlp().nInner());
        fields.put("vocabSize", c.vocabSize());
        fields.put("nCtx", c.nCtx());
        fields.put("activation", c.mlp().activation().name().toLowerCase(Locale.ROOT));
        fields.put("gated", c.mlp().gated());
        fields.put("norm", c.norm().kind().name().toLowerCase(Locale.ROOT));
        fields.put("tied", c.embedding().tied());
        return json(fields);
    }

    static ObjectNode form(GptConfig c) {
        ObjectNode form = object();
        form.put("norm", c.norm().kind().name().toLowerCase(Locale.ROOT));
        form.put("positions", c.embedding().learnedPositions() ? "learned" : "rotary");
        form.put("gated", c.mlp().gated()).put("parallel", c.parallel());
        form.put("activation", c.mlp().activation().name().toLowerCase(Locale.ROOT));
        form.put("tied", c.embedding().tied()).put("qk_norm", c.attention().qkNorm());
        form.put("sandwich", c.norm().after());
        form.put("attention_scale", c.attention().scale());
        form.put("embedding_scale", c.embedding().scale());
        form.putObject("biases")
                .put("norm", c.norm().bias())
                .put("qkv", c.attention().bias())
                .put("attn_out", c.attention().outBias())
                .put("mlp", c.mlp().bias());
        return form;
    }

    static ArrayNode kinds(Tally tally) {
        ArrayNode kinds = MAPPER.createArrayNode();
        for (Tally.Row row : tally.rows()) {
            kinds.addObject()
                    .put("kind", row.kind().key())
                    .put("title", row.kind().title())
                    .put("matrices", row.matrices())
                    .put("rows", row.rows())
                    .put("cols", row.cols())
                    .put("parameters", row.parameters());
        }
        return kinds;
    }
}
