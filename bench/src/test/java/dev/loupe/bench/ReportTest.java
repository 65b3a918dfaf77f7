package dev.loupe.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loupe.bench.Question.Bound;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

class ReportTest {
    private static final String SPEED = "tokens/s";

    @Test
    void theTableHasMediansTheirRatioAndTheShareOfTheLimit() throws InterruptedException {
        Question question =
                new Question(
                        "Small", "tg128", SPEED, new Target.AtLeast(1.4), new Bound.BytesRead(1e8));
        String table = table(question, List.of(90.0, 150.0, 200.0), List.of(100.0, 90.0, 100.0));
        assertThat(table)
                .contains("20.0 GB/s (20.0 to 20.0)")
                .contains("| Small | Loupe | llama.cpp |")
                .contains(
                        "| tg128 | 150 tokens/s | 100 | 1.50 | 0.90 to 2.00 | 75% | at least 1.4 |"
                                + " yes |");
    }

    @ParameterizedTest
    @CsvSource({"60, 100, yes", "149, 100, no", "180, 100, yes"})
    void eitherOfTwoTargetsIsEnough(double ours, double other, String reached)
            throws InterruptedException {
        Target target = new Target.Either(new Target.AtLeast(1.5), new Target.AtMost(0.7));
        Question question = new Question("Small", "row", SPEED, target, new Bound.None());
        assertThat(table(question, List.of(ours), List.of(other)))
                .contains("| at least 1.5 or at most 0.7 | " + reached + " |");
    }

    @Test
    void aProgramThatFailsIsNamedInItsRow() throws InterruptedException {
        Question question =
                new Question("Small", "row", SPEED, new Target.AtLeast(1), new Bound.None());
        assertThat(table(question, List.of(10.0), List.of()))
                .contains(
                        "| row | 10.0 tokens/s | - | - |  |  | at least 1.0 | not measured: ended"
                                + " |");
    }

    @Test
    void programsTakeTurnsAndEachBeginsAsOften() throws InterruptedException {
        List<String> order = new ArrayList<>();
        Trial trial =
                new Trial(
                        List.of(new Question("G", "row", "s", new Target.None(), new Bound.None())),
                        () -> {
                            order.add("ours");
                            return new double[] {1};
                        },
                        () -> {
                            order.add("other");
                            return new double[] {2};
                        },
                        "",
                        true);
        Trial.Figures figures = new Trial.Figures(trial);
        trial.run(2, figures, (t, repetition, loupe, found) -> {});
        assertThat(order).containsExactly("ours", "other", "ours", "other", "other", "ours");
        assertThat(figures.of(true, 0)).containsExactly(1.0, 1.0);
    }

    private static String table(Question question, List<Double> ours, List<Double> others)
            throws InterruptedException {
        Trial trial =
                new Trial(
                        List.of(question),
                        next(ours.iterator()),
                        next(others.iterator()),
                        "",
                        false);
        Trial.Figures figures = new Trial.Figures(trial);
        trial.run(ours.size(), figures, (t, repetition, loupe, found) -> {});
        Report report = new Report(2);
        report.limits(100, 200, 10, 20);
        report.add(figures);
        return report.markdown();
    }

    private static Trial.Run next(Iterator<Double> figures) {
        return () -> {
            if (!figures.hasNext()) {
                throw new ChildFailedException("ended");
            }
            return new double[] {figures.next()};
        };
    }
}
