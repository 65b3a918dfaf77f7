package dev.loupe.explorer;

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

/** The changes that a question asks for. */
final class Changes {
    private static final int MOST = 256;

    private final LocalModel model;
    private final Asker asker;
    private final int[] ids;

    private Changes(LocalModel model, int[] ids, Asker asker) {
        this.model = model;
        this.ids = ids;
        this.asker = asker;
    }

    static List<Intervention> list(LocalModel model, Question question, int[] ids, Asker asker) {
        Changes changes = new Changes(model, ids, asker);
        List<Intervention> all = new ArrayList<>();
        List<Question> wanted = question.objects("changes");
        if (wanted.size() > MOST) {
            throw new Refused(
                    400, "changes: found " + wanted.size() + ", expected at most " + MOST);
        }
        wanted.forEach(one -> changes.add(one, all));
        return all;
    }

    /** What changes a run as asked, and stops it when nobody waits. */
    static Taps of(LocalModel model, Question question, int[] ids, Asker asker) {
        List<Intervention> all = list(model, question, ids, asker);
        return all.isEmpty() ? asker : new Interventions(model.gpt(), all).then(asker);
    }

    private void add(Question change, List<Intervention> into) {
        String kind = change.text("kind");
        PlaceNames names = new PlaceNames(model.gpt(), ids.length);
        Place whole = names.of("at", change.text("at"));
        if (kind.equals("cut")) {
            int head =
                    change.text("at").matches("L\\d+H\\d+.*")
                            ? Integer.parseInt(
                                    change.text("at").replaceFirst("L\\d+H(\\d+).*", "$1"))
                            : -1;
            int from = change.integer("from", 1, ids.length - 1);
            int to = change.integer("to", 0, from);
            into.add(new Intervention.Cut(whole.hook().layer(), head, from, to));
            return;
        }
        List<Place> places = new ArrayList<>();
        if (change.has("positions")) {
            for (int position : change.integers("positions", 0, ids.length - 1)) {
                places.add(whole.at(position));
            }
        } else {
            places.add(whole);
        }
        for (Place place : places) {
            into.add(change(kind, change, place));
        }
    }

    private Intervention change(String kind, Question change, Place place) {
        return switch (kind) {
            case "zero" -> new Intervention.Zero(place);
            case "scale" -> new Intervention.Scale(place, (float) change.number("factor", 1));
            case "mean" -> new Intervention.Fill(place, mean(seen(ids, place)));
            case "patch" -> {
                int vocabSize = model.gpt().config().vocabSize();
                int[] from = change.ids("from_ids", vocabSize, model.gpt().config().nCtx());
                if (from.length != ids.length) {
                    throw new Refused(
                            400,
                            "from_ids: found %d tokens, expected %d as ids has"
                                    .formatted(from.length, ids.length));
                }
                yield new Intervention.Patch(place, seen(from, place));
            }
            case "steer" -> steer(change, place);
            default ->
                    throw new Refused(
                            400,
                            "kind: found '"
                                    + kind
                                    + "', expected zero, mean, scale, steer, patch or cut");
        };
    }

    private Intervention steer(Question change, Place place) {
        if (!place.inStream()) {
            throw new Refused(
                    400,
                    "steer the residual stream, such as blocks.5.hook_resid_post; words have"
                            + " no direction at "
                            + place);
        }
        int last = model.gpt().config().vocabSize() - 1;
        Question direction = change.object("direction");
        int[] plus = direction.integers("plus", 0, last);
        int[] minus = direction.integers("minus", 0, last);
        if (plus.length + minus.length == 0) {
            throw new Refused(400, "direction: found no tokens, expected some in plus or minus");
        }
        float[] vector = Embeddings.of(model.gpt(), model.processor()).sum(plus, minus);
        double squares = 0;
        for (float x : vector) {
            squares += (double) x * x;
        }
        double factor = change.number("factor", 1);
        return new Intervention.Steer(
                place, vector, squares == 0 ? 0 : (float) (factor / Math.sqrt(squares)));
    }

    private NamedArray seen(int[] of, Place place) {
        Capture capture = new Capture(model.gpt(), List.of(place.hook()), of.length, Calls.room());
        new Reader(model.gpt(), model.processor(), capture.then(asker)).read(of);
        return capture.get(place.hook());
    }

    private static float[] mean(NamedArray array) {
        int tokens = array.shape()[0];
        float[] mean = new float[array.values().length / tokens];
        for (int i = 0; i < array.values().length; i++) {
            mean[i % mean.length] += array.values()[i] / tokens;
        }
        return mean;
    }
}
