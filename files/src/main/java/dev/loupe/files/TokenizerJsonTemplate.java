package dev.loupe.files;

import com.fasterxml.jackson.databind.JsonNode;

import java.util.ArrayList;
import java.util.List;

/** The tokens that the post-processor of a tokenizer.json puts around a text. */
final class TokenizerJsonTemplate {
    private final TokenizerJsonFile file;
    int[] before = {};
    int[] after = {};

    TokenizerJsonTemplate(TokenizerJsonFile file) {
        this.file = file;
        JsonNode step = file.rest.path("post_processor");
        if (step.path("type").asText().equals("Sequence")) {
            step.path("processors").forEach(this::take);
        } else if (!step.isNull() && !step.isMissingNode()) {
            take(step);
        }
    }

    private void take(JsonNode step) {
        switch (step.path("type").asText()) {
            // it trims the offsets of tokens and leaves the ids alone
            case "ByteLevel" -> {}
            case "TemplateProcessing" -> template(step);
            default ->
                    throw file.wrong(
                            "post_processor",
                            "the type " + step.path("type"),
                            "TemplateProcessing or ByteLevel");
        }
    }

    private void template(JsonNode step) {
        List<Integer> front = new ArrayList<>();
        List<Integer> behind = new ArrayList<>();
        boolean seen = false;
        for (JsonNode piece : step.path("single")) {
            if (piece.has("Sequence")) {
                if (seen) {
                    throw file.wrong("post_processor.single", "the text twice", "it once");
                }
                seen = true;
            } else {
                (seen ? behind : front).addAll(ids(step, piece));
            }
        }
        if (!seen) {
            throw file.wrong("post_processor.single", step.path("single"), "the text in it");
        }
        before = join(toArray(front), before);
        after = join(after, toArray(behind));
    }

    private List<Integer> ids(JsonNode step, JsonNode piece) {
        String name = piece.path("SpecialToken").path("id").asText();
        JsonNode ids = step.path("special_tokens").path(name).path("ids");
        if (ids.isEmpty()) {
            throw file.wrong(
                    "post_processor.special_tokens", "no ids of '" + name + "'", "its ids");
        }
        List<Integer> all = new ArrayList<>();
        ids.forEach(id -> all.add(id.asInt(-1)));
        return all;
    }

    private static int[] toArray(List<Integer> ids) {
        return ids.stream().mapToInt(Integer::intValue).toArray();
    }

    private static int[] join(int[] first, int[] second) {
        int[] all = java.util.Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, all, first.length, second.length);
        return all;
    }
}
