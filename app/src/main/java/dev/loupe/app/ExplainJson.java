package dev.loupe.app;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.files.LocalModel;
import dev.loupe.inside.Attribution;
import dev.loupe.inside.Attribution.Part;
import dev.loupe.inside.Explanation;
import dev.loupe.inside.LogitLens.Guess;
import dev.loupe.inside.LogitLens.Reading;

import java.util.List;
import java.util.Locale;

/** An explanation for programs. */
final class ExplainJson {
    private final TokenNames names;

    ExplainJson(TokenNames names) {
        this.names = names;
    }

    ObjectNode of(LocalModel model, Explanation explanation) {
        ObjectNode node = Json.object().put("model", model.path().toString());
        node.set("ids", Json.of(explanation.ids()));
        ArrayNode tokens = node.putArray("tokens");
        for (int id : explanation.ids()) {
            tokens.addObject().put("id", id).put("text", names.of(id));
        }
        lens(node.putArray("lens"), explanation);
        ArrayNode heads = node.putArray("heads");
        for (Explanation.Head head : explanation.heads()) {
            ObjectNode one = heads.addObject();
            one.put("layer", head.part().layer()).put("head", head.part().head());
            one.put("attribution", head.part().value());
            ArrayNode looks = one.putArray("looks_at");
            for (Explanation.Look look : head.looks()) {
                int id = explanation.ids()[look.position()];
                looks.addObject()
                        .put("position", look.position())
                        .put("id", id)
                        .put("text", names.of(id))
                        .put("weight", look.weight())
                        .put("norm_weighted", look.moved());
            }
        }
        attribution(node.putObject("attribution"), explanation.attribution());
        ObjectNode next = node.putObject("distribution");
        reading(next, explanation.output());
        return node;
    }

    private void lens(ArrayNode list, Explanation explanation) {
        List<List<Reading>> stages = explanation.lens().stages();
        for (int stage = 0; stage < stages.size(); stage++) {
            for (int i = 0; i < stages.get(stage).size(); i++) {
                ObjectNode one = list.addObject();
                one.put("blocks", stage).put("position", explanation.firstOfLens() + i);
                reading(one, stages.get(stage).get(i));
            }
        }
    }

    private void reading(ObjectNode node, Reading reading) {
        node.put("entropy", reading.entropy());
        ArrayNode top = node.putArray("top");
        for (Guess guess : reading.top()) {
            top.addObject()
                    .put("id", guess.id())
                    .put("text", names.of(guess.id()))
                    .put("logit", guess.logit())
                    .put("probability", guess.probability());
        }
    }

    private void attribution(ObjectNode node, Attribution attribution) {
        node.put("id", attribution.target().id());
        node.put("text", names.of(attribution.target().id()));
        attribution.target().against().ifPresent(id -> node.put("against", id));
        node.put("position", attribution.position());
        node.put("logit", attribution.logit()).put("sum", attribution.sum());
        ArrayNode parts = node.putArray("parts");
        for (Part part : attribution.parts()) {
            ObjectNode one = parts.addObject();
            one.put("kind", part.kind().name().toLowerCase(Locale.ROOT));
            one.put("name", part.name());
            if (part.layer() >= 0) {
                one.put("layer", part.layer());
            }
            if (part.head() >= 0) {
                one.put("head", part.head());
            }
            one.put("value", part.value());
        }
    }
}
