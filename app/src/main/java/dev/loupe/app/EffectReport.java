package dev.loupe.app;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.inside.Attribution.Target;
import dev.loupe.inside.Effect;
import dev.loupe.inside.LogitLens.Guess;
import dev.loupe.inside.PatchingMap;

import java.util.List;
import java.util.Locale;

/** What changes inside did to the next token, for people and for programs. */
final class EffectReport {
    private static final int CELL = 8;

    private final TokenNames names;
    private final Paint paint;

    EffectReport(TokenNames names, Paint paint) {
        this.names = names;
        this.paint = paint;
    }

    ObjectNode json(Effect effect, Target target) {
        ObjectNode node = Json.object().put("kl", effect.divergence());
        node.put("id", target.id()).put("text", names.of(target.id()));
        target.against().ifPresent(id -> node.put("against", id));
        node.put("logit_before", effect.before(target));
        node.put("logit_after", effect.after(target));
        tokens(node.putArray("before"), effect.before().top());
        tokens(node.putArray("after"), effect.after().top());
        return node;
    }

    private void tokens(ArrayNode list, List<Guess> guesses) {
        for (Guess guess : guesses) {
            list.addObject()
                    .put("id", guess.id())
                    .put("text", names.of(guess.id()))
                    .put("logit", guess.logit())
                    .put("probability", guess.probability());
        }
    }

    void print(Effect effect, Target target) {
        System.out.println(paint.bold("  before                             after"));
        List<Guess> before = effect.before().top();
        List<Guess> after = effect.after().top();
        for (int i = 0; i < before.size(); i++) {
            String left = Paint.percent(before.get(i).probability());
            String right = Paint.percent(after.get(i).probability());
            String token = names.quoted(before.get(i).id());
            System.out.printf(
                    "  %s  %s%s  %s  %s%n",
                    left,
                    token,
                    " ".repeat(Math.max(0, 22 - token.codePointCount(0, token.length()))),
                    right,
                    names.quoted(after.get(i).id()));
        }
        System.out.println();
        System.out.printf(
                "logit of %s: %s before, %s after (%s)%n",
                name(target),
                number("%.4f", effect.before(target)),
                number("%.4f", effect.after(target)),
                paint.signed(
                        effect.after(target) - effect.before(target),
                        number("%+.4f", effect.after(target) - effect.before(target))));
        System.out.printf("KL(before || after): %s nats%n", number("%.5f", effect.divergence()));
    }

    private String name(Target target) {
        String token = names.quoted(target.id());
        return target.against().isPresent()
                ? token + " minus " + names.quoted(target.against().getAsInt())
                : token;
    }

    private static String number(String format, double x) {
        return String.format(Locale.ROOT, format, x);
    }

    ObjectNode json(PatchingMap map, Target target) {
        ObjectNode node = Json.object().put("clean", map.clean());
        node.put("corrupted", map.corrupted());
        node.put("id", target.id()).put("text", names.of(target.id()));
        target.against().ifPresent(id -> node.put("against", id));
        node.set("logits", Json.of(map.values()));
        return node;
    }

    /** A row for each layer and a column for each place: what share is brought back. */
    void print(PatchingMap map, Target target, PatchingMap.Sweep sweep, int[] ids) {
        boolean heads = sweep == PatchingMap.Sweep.HEADS;
        System.out.printf(
                "logit of %s: %s with the prompt, %s with the other; shares that one %s brings"
                        + " back:%n",
                name(target),
                number("%.4f", map.corrupted()),
                number("%.4f", map.clean()),
                heads ? "head" : "vector");
        StringBuilder head = new StringBuilder("       ");
        int columns = map.values()[0].length;
        for (int i = 0; i < columns; i++) {
            String name = heads ? "H" + i : names.quoted(ids[i]);
            head.append(' ').append(paint.bold(cell(name)));
        }
        System.out.println(head);
        for (int layer = 0; layer < map.values().length; layer++) {
            StringBuilder line = new StringBuilder("  %-5s".formatted("L" + layer));
            for (int t = 0; t < columns; t++) {
                double share = map.restored(layer, t);
                String text = " " + cell(number("%+.3f", share));
                line.append(Math.abs(share) < 0.05 ? paint.faint(text) : paint.signed(share, text));
            }
            System.out.println(line.toString().stripTrailing());
        }
    }

    private static String cell(String text) {
        int n = text.codePointCount(0, text.length());
        return n <= CELL
                ? text + " ".repeat(CELL - n)
                : text.substring(0, text.offsetByCodePoints(0, CELL - 1)) + "…";
    }
}
