package dev.loupe.app;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.files.LocalModel;
import dev.loupe.inside.HeadScores;
import dev.loupe.model.Taps;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** What every head does with random tokens that are repeated. */
final class HeadTable {
    /** Tokens that a text and its repetition take at least. */
    static final int LEAST_CONTEXT = 7;

    private static final int TEXTS = 4;
    private static final int SEED = 1;
    private static final int BAR = 20;

    private final List<HeadScores> scores;

    HeadTable(LocalModel model) {
        scores =
                HeadScores.of(
                        model.gpt(), model.processor(), TEXTS, SEED, model.firstToken(), Taps.NONE);
    }

    ObjectNode json(LocalModel model) {
        ObjectNode node = Json.object().put("model", model.path().toString());
        ArrayNode list = node.putArray("head_scores");
        for (HeadScores s : scores) {
            list.addObject()
                    .put("layer", s.layer())
                    .put("head", s.head())
                    .put("previous", s.previous())
                    .put("induction", s.induction())
                    .put("duplicate", s.duplicate())
                    .put("first", s.first());
        }
        return node;
    }

    void print(int top, Paint paint) {
        print("Look at the token before", HeadScores::previous, top, paint);
        print(
                "Look at what came behind the same token (induction)",
                HeadScores::induction,
                top,
                paint);
        print("Look at the same token", HeadScores::duplicate, top, paint);
        print("Rest on the first token", HeadScores::first, top, paint);
    }

    private void print(String title, ToDoubleFunction<HeadScores> score, int top, Paint paint) {
        System.out.println(paint.bold(title));
        scores.stream()
                .sorted(Comparator.comparingDouble(s -> -score.applyAsDouble(s)))
                .limit(top)
                .forEach(s ->
                        System.out.printf(
                                "  %-8s %s  %s%n",
                                "L" + s.layer() + " H" + s.head(),
                                String.format(Locale.ROOT, "%.3f", score.applyAsDouble(s)),
                                paint.signed(1, Paint.bar(score.applyAsDouble(s), BAR))
                                        .stripTrailing()));
    }
}
