package dev.loupe.bench;

import dev.loupe.bench.Question.Bound;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The comparison as Markdown. */
final class Report {
    private final List<String> machine = new ArrayList<>();
    private final List<double[]> limits = new ArrayList<>();
    private final List<Trial.Figures> measured = new ArrayList<>();
    private final int threads;

    Report(int threads) {
        this.threads = threads;
    }

    /** A line about what this was measured with. */
    synchronized void note(String line) {
        machine.add(line);
    }

    /**
     * Limits that were measured in between.
     *
     * @param found GFLOPS on one thread and on all, GB/s on one thread and on all
     */
    synchronized void limits(double... found) {
        limits.add(found);
    }

    synchronized void add(Trial.Figures figures) {
        measured.add(figures);
    }

    /** All that was measured so far. */
    synchronized String markdown() {
        StringBuilder out = new StringBuilder();
        for (String line : machine) {
            out.append("- ").append(line).append('\n');
        }
        out.append(limitsLine());
        String group = "";
        for (Trial.Figures figures : measured) {
            List<Question> questions = figures.trial().questions();
            for (int i = 0; i < questions.size(); i++) {
                Question question = questions.get(i);
                if (!question.group().equals(group)) {
                    group = question.group();
                    heading(out, group);
                }
                row(out, question, figures, i);
            }
        }
        return out.toString();
    }

    private String limitsLine() {
        if (limits.isEmpty()) {
            return "";
        }
        return "- limits, measured %d times in between, median (least to most): f32 multiply-add %s and plain read %s on 1 thread; %s and %s on %d%n"
                .formatted(
                        limits.size(),
                        range(0, "GFLOPS"),
                        range(2, "GB/s"),
                        range(1, "GFLOPS"),
                        range(3, "GB/s"),
                        threads);
    }

    private String range(int index, String unit) {
        double[] found = limits.stream().mapToDouble(each -> each[index]).sorted().toArray();
        return "%s %s (%s to %s)"
                .formatted(
                        number(limit(index)),
                        unit,
                        number(found[0]),
                        number(found[found.length - 1]));
    }

    private static void heading(StringBuilder out, String group) {
        String other = group.equals("Others") ? "the other" : "llama.cpp";
        out.append(
                """

                | %s | Loupe | %s | ratio | of neighbours | of the limit | target | reached |
                | --- | ---: | ---: | ---: | --- | ---: | --- | --- |
                """
                        .formatted(group, other));
    }

    private void row(StringBuilder out, Question question, Trial.Figures figures, int index) {
        List<Double> ours = figures.of(true, index);
        List<Double> others = figures.of(false, index);
        Outcome outcome = Outcome.of(ours, others, most(question.bound()));
        boolean known = !ours.isEmpty() && (!Double.isNaN(outcome.ratio()) || alone(question));
        String reached =
                !known ? "not measured" : question.target().reached(outcome) ? "yes" : "no";
        String why = figures.failure();
        if (why.isEmpty() && others.isEmpty() && figures.trial().other() == null) {
            why = figures.trial().why();
        }
        out.append(
                String.format(
                        Locale.ROOT,
                        "| %s%s | %s %s | %s | %s | %s | %s | %s | %s%s |%n",
                        question.name(),
                        others.isEmpty() || ours.size() == others.size() ? "" : " (interrupted)",
                        number(outcome.loupe()),
                        question.unit(),
                        number(outcome.other()),
                        ratio(outcome.ratio()),
                        Double.isNaN(outcome.least())
                                ? ""
                                : ratio(outcome.least()) + " to " + ratio(outcome.most()),
                        Double.isNaN(outcome.share())
                                ? ""
                                : String.format(Locale.ROOT, "%.0f%%", 100 * outcome.share()),
                        question.target().text(),
                        reached,
                        why.isEmpty() ? "" : ": " + why.replace('|', '/')));
    }

    private static boolean alone(Question question) {
        return question.target() instanceof Target.Within
                || question.target() instanceof Target.Share;
    }

    /** The largest figure that the machine allows; NaN where none is known. */
    private double most(Bound bound) {
        return switch (bound) {
            case Bound.Operations operations -> limit(1) * 1e9 / operations.each();
            case Bound.BytesRead bytes -> limit(3) * 1e9 / bytes.each();
            case Bound.None none -> Double.NaN;
        };
    }

    private double limit(int index) {
        return Outcome.median(limits.stream().map(found -> found[index]).toList());
    }

    static String number(double value) {
        if (Double.isNaN(value)) {
            return "-";
        }
        return String.format(
                Locale.ROOT, value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : "%.2f", value);
    }

    private static String ratio(double value) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.2f", value);
    }
}
