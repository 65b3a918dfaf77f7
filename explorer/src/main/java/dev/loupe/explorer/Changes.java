package dev.loupe.explorer;

import com.fasterxml.jackson.databind.JsonNode;

import dev.loupe.files.LocalModel;
import dev.loupe.inside.Capture;
import dev.loupe.inside.Embeddings;
import dev.loupe.inside.Intervention;
import dev.loupe.inside.Interventions;
import dev.loupe.inside.NamedArray;
import dev.loupe.inside.Place;
import dev.loupe.inside.PlaceNames;
import dev.loupe.inside.Reader;
import dev.loupe.model.Taps;

import java.util.ArrayList;
import java.util.List;

/** The changes of a run that a question asks for. */
final class Changes {
    /** How many changes a run may have. */
    private static final int MOST = 256;

    /** Tokens of a sum of words. */
    private static final int WORDS = 64;

    private final Question question;
    private final LocalModel model;
    private final int[] ids;

    Changes(Question question, int[] ids) {
        this.question = question;
        this.ids = ids;
        model = question.open().model();
    }

    /** What changes a run as asked. */
    Taps taps(JsonNode list) {
        if (list.isMissingNode() || list.isEmpty()) {
            return Taps.NONE;
        }
        if (!list.isArray() || list.size() > MOST) {
            throw new ApiException(400, "changes: expected a list of at most " + MOST);
        }
        List<Intervention> all = new ArrayList<>();
        for (JsonNode one : list) {
            all.add(change(question.part(one)));
        }
        return new Interventions(model.gpt(), all);
    }

    private Intervention change(Question change) {
        String kind = change.text("kind", 20);
        if (kind.equals("cut")) {
            return cut(change);
        }
        Place place = new PlaceNames(model.gpt(), ids.length).of("at", change.text("at", 200));
        return switch (kind) {
            case "zero" -> new Intervention.Zero(place);
            case "scale" -> new Intervention.Scale(place, (float) change.real("factor", 1));
            case "mean" -> new Intervention.Fill(place, seen(ids, place).mean());
            case "patch" -> new Intervention.Patch(place, seen(others(change), place));
            case "steer" -> steer(change, place);
            default ->
                    throw new ApiException(
                            400,
                            "kind: found '%s', expected zero, mean, scale, steer, patch or cut"
                                    .formatted(kind));
        };
    }

    /** The prompt that a patch comes from: positions are those of both. */
    private int[] others(Question change) {
        int[] others = change.ids("from_ids");
        if (others.length != ids.length) {
            throw new ApiException(
                    400,
                    "from_ids: found %d tokens, expected %d as ids has"
                            .formatted(others.length, ids.length));
        }
        return others;
    }

    private Intervention steer(Question change, Place place) {
        if (!place.inStream()) {
            throw new ApiException(
                    400,
                    "steer the residual stream, such as blocks.5.hook_resid_post; words have no"
                            + " direction at "
                            + place);
        }
        int[] plus = change.tokens("plus", WORDS);
        int[] minus = change.tokens("minus", WORDS);
        if (plus.length + minus.length == 0) {
            throw new ApiException(400, "plus: found no tokens, expected some in plus or minus");
        }
        float[] direction = Embeddings.of(model.gpt(), model.processor()).sum(plus, minus);
        return Intervention.Steer.along(place, direction, change.real("factor", 1));
    }

    private Intervention cut(Question change) {
        int query = change.within("query", -1, 1, ids.length - 1);
        return new Intervention.Cut(
                change.within("layer", -1, 0, model.gpt().config().nLayer() - 1),
                change.within("head", -1, -1, model.gpt().config().attention().nHead() - 1),
                query,
                change.within("key", -1, 0, query));
    }

    private NamedArray seen(int[] of, Place place) {
        Capture capture =
                new Capture(model.gpt(), List.of(place.hook()), of.length, Models.RUN_BYTES);
        new Reader(model.gpt(), model.processor(), capture.then(question.asker())).read(of);
        return capture.get(place.hook());
    }
}
