package dev.loupe.app;

import dev.loupe.inside.Attribution;
import dev.loupe.inside.Attribution.Kind;
import dev.loupe.inside.Attribution.Part;
import dev.loupe.inside.Explanation;
import dev.loupe.inside.Explanation.Head;
import dev.loupe.inside.Explanation.Look;
import dev.loupe.inside.LogitLens.Guess;
import dev.loupe.inside.LogitLens.Reading;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** An explanation for a terminal. */
final class ExplainText {
    private static final int BAR = 20;
    private static final int CELL = 10;

    /** Columns of the lens; of longer prompts the last ones are shown. */
    static final int COLUMNS = 16;

    private final TokenNames names;
    private final Paint paint;

    ExplainText(TokenNames names, Paint paint) {
        this.names = names;
        this.paint = paint;
    }

    void print(Explanation explanation) {
        tokens(explanation.ids());
        if (explanation.lens().stages().getFirst().size() > 1) {
            grid(explanation);
        } else {
            lens(explanation);
        }
        heads(explanation);
        attribution(explanation);
        distribution(explanation.output());
    }

    private void title(String text) {
        System.out.println();
        System.out.println(paint.bold(text));
    }

    private static String number(String format, double x) {
        return String.format(Locale.ROOT, format, x);
    }

    private void tokens(int[] ids) {
        System.out.println(paint.bold("Tokens"));
        StringBuilder line = new StringBuilder("  ");
        for (int i = 0; i < ids.length; i++) {
            String text = names.quoted(ids[i]);
            line.append(paint.chip(i, text)).append(' ');
        }
        System.out.println(line.toString().stripTrailing());
    }

    private static String stage(int blocks) {
        return blocks == 0 ? "embed" : "L" + (blocks - 1);
    }

    private void lens(Explanation explanation) {
        int last = explanation.ids()[explanation.ids().length - 1];
        title("What the residual stream says after each block, at " + names.quoted(last));
        List<List<Reading>> stages = explanation.lens().stages();
        for (int stage = 0; stage < stages.size(); stage++) {
            Reading reading = stages.get(stage).getLast();
            double p = reading.best().probability();
            String others =
                    reading.top().stream()
                            .skip(1)
                            .limit(3)
                            .map(guess -> names.quoted(guess.id()))
                            .collect(Collectors.joining("  "));
            System.out.printf(
                    "  %5s  %s  %s %s  %s%n",
                    stage(stage),
                    Paint.percent(p),
                    paint.signed(1, Paint.bar(p, BAR)),
                    padded(names.quoted(reading.best().id()), 16),
                    paint.faint(others));
        }
    }

    /** All positions: a column for each token, a row for each stage. */
    private void grid(Explanation explanation) {
        int from = explanation.firstOfLens();
        title(
                "What the residual stream says after each block, at "
                        + (from == 0 ? "each token" : "each of the last " + COLUMNS + " tokens"));
        StringBuilder head = new StringBuilder("         ");
        for (int i = from; i < explanation.ids().length; i++) {
            head.append(paint.bold(cell(names.quoted(explanation.ids()[i])))).append(' ');
        }
        System.out.println(head.toString().stripTrailing());
        List<List<Reading>> stages = explanation.lens().stages();
        for (int stage = 0; stage < stages.size(); stage++) {
            StringBuilder line = new StringBuilder("  %5s  ".formatted(stage(stage)));
            for (Reading reading : stages.get(stage)) {
                Guess best = reading.best();
                line.append(paint.sure(best.probability(), cell(names.quoted(best.id()))));
                line.append(' ');
            }
            System.out.println(line.toString().stripTrailing());
        }
    }

    private static String cell(String text) {
        int n = text.codePointCount(0, text.length());
        return n <= CELL
                ? padded(text, CELL)
                : text.substring(0, text.offsetByCodePoints(0, CELL - 1)) + "…";
    }

    private static String padded(String text, int width) {
        return text + " ".repeat(Math.max(0, width - text.codePointCount(0, text.length())));
    }

    private String target(Attribution attribution) {
        String token = names.quoted(attribution.target().id());
        return attribution.target().against().isPresent()
                ? token + " minus " + names.quoted(attribution.target().against().getAsInt())
                : token;
    }

    private void heads(Explanation explanation) {
        title("Heads that wrote most to the logit of " + target(explanation.attribution()));
        double largest =
                explanation.heads().stream()
                        .mapToDouble(head -> Math.abs(head.part().value()))
                        .max()
                        .orElse(1);
        for (Head head : explanation.heads()) {
            List<String> looks = new ArrayList<>();
            for (Look look : head.looks().subList(0, Math.min(3, head.looks().size()))) {
                looks.add(
                        names.quoted(explanation.ids()[look.position()])
                                + number(" %.2f", look.weight()));
            }
            System.out.printf(
                    "  %-8s %s  %s  looks at %s%n",
                    head.part().name(),
                    paint.signed(head.part().value(), number("%+8.3f", head.part().value())),
                    bar(head.part().value(), largest),
                    String.join(", ", looks));
        }
    }

    private String bar(double value, double largest) {
        return paint.signed(value, Paint.bar(largest == 0 ? 0 : Math.abs(value) / largest, BAR));
    }

    private void attribution(Explanation explanation) {
        Attribution attribution = explanation.attribution();
        title("Where the logit of " + target(attribution) + " comes from");
        for (Kind kind : Kind.values()) {
            double share = explanation.share(kind);
            if (kind != Kind.POSITION || share != 0) {
                row(title(kind), share, attribution.logit());
            }
        }
        row("sum", attribution.sum(), attribution.logit());
        row("logit", attribution.logit(), attribution.logit());
        System.out.println(paint.faint("  the largest parts:"));
        List<Part> largest = attribution.largest(explanation.heads().size());
        for (Part part : largest) {
            row(part.name(), part.value(), largest.getFirst().value());
        }
    }

    private static String title(Kind kind) {
        return switch (kind) {
            case TOKEN -> "token";
            case POSITION -> "position";
            case HEAD -> "all heads";
            case MLP -> "all MLPs";
            case BIAS -> "biases";
        };
    }

    private void row(String name, double value, double largest) {
        System.out.printf(
                "  %-10s %s  %s%n",
                name,
                paint.signed(value, number("%+9.3f", value)),
                bar(value, Math.abs(largest)).stripTrailing());
    }

    private void distribution(Reading output) {
        title("What comes next");
        for (Guess guess : output.top()) {
            double p = guess.probability();
            System.out.printf(
                    "  %s  %s  %s  %s%n",
                    Paint.percent(p),
                    paint.signed(1, Paint.bar(p, BAR)),
                    number("%9.4f", guess.logit()),
                    names.quoted(guess.id()));
        }
        System.out.printf("  entropy %s bits%n", number("%.3f", output.entropy()));
    }
}
