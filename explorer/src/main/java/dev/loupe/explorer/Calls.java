package dev.loupe.explorer;

import com.fasterxml.jackson.databind.JsonNode;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/** What pages can ask: {@code docs/reference/explorer-api.md} has each call. */
final class Calls {
    private final Models models;
    private final Map<String, Call> all = new HashMap<>();

    Calls(Models models) {
        this.models = models;
        all.putAll(TextCalls.all());
        all.putAll(GenerateCalls.all());
        all.putAll(FlowCalls.all());
        all.putAll(MeaningCalls.all());
    }

    /** Answers a call. */
    Answer answer(String name, JsonNode asked, Asker asker) throws IOException {
        Call call = all.get(name);
        if (call == null) {
            throw new ApiException(404, "there is no call " + name);
        }
        return call.answer(new Question(asked, models, asker));
    }
}
