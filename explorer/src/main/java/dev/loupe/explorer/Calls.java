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
        add(TextCalls.all());
        add(GenerateCalls.all());
        add(FlowCalls.all());
        add(MeaningCalls.all());
        add(ChangeCalls.all());
        add(WeightCalls.all());
        add(CompareCalls.all());
    }

    /** With further calls. */
    Calls(Models models, Map<String, Call> more) {
        this(models);
        add(more);
    }

    private void add(Map<String, Call> some) {
        some.forEach((name, call) -> {
            if (all.put(name, call) != null) {
                throw new IllegalStateException("two calls are called " + name);
            }
        });
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
