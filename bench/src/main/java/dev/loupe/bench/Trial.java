package dev.loupe.bench;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Rows that are measured together, by programs that take turns: who begins changes from one
 * repetition to the next, so that what else the machine does harms both.
 *
 * @param questions in the order of the figures that a run gives
 * @param loupe one run of Loupe
 * @param other one run of the peer; null where there is none, and then {@code why} says so
 * @param warm whether one run of each goes first that is not counted
 */
record Trial(List<Question> questions, Run loupe, @Nullable Run other, String why, boolean warm) {
    /** Starts a program and gives a figure for each question. */
    @FunctionalInterface
    interface Run {
        double[] figures() throws ChildFailedException, InterruptedException;
    }

    /** What was measured so far; the table reads it while the next is measured. */
    static final class Figures {
        private final Trial trial;
        private final List<double[]> ours = new ArrayList<>();
        private final List<double[]> others = new ArrayList<>();
        private String failure = "";

        Figures(Trial trial) {
            this.trial = trial;
        }

        Trial trial() {
            return trial;
        }

        synchronized void add(boolean loupe, double[] figures) {
            (loupe ? ours : others).add(figures);
        }

        synchronized void failed(String message) {
            failure = message;
        }

        synchronized String failure() {
            return failure;
        }

        synchronized List<Double> of(boolean loupe, int question) {
            return (loupe ? ours : others).stream().map(run -> run[question]).toList();
        }
    }

    boolean matches(Pattern only) {
        return questions.stream().anyMatch(q -> only.matcher(q.fullName()).find());
    }

    /** Runs it so many times. A program that fails ends it, and the row says why. */
    void run(int repetitions, Figures into, Progress progress) throws InterruptedException {
        try {
            for (int i = warm ? -1 : 0; i < repetitions; i++) {
                for (int turn = 0; turn < 2; turn++) {
                    boolean ours = (turn + Math.max(i, 0)) % 2 == 0;
                    Run run = ours ? loupe : other;
                    if (run == null) {
                        continue;
                    }
                    double[] figures = run.figures();
                    progress.ran(this, i, ours, figures);
                    if (i >= 0) {
                        into.add(ours, figures);
                    }
                }
            }
        } catch (ChildFailedException e) {
            into.failed(String.valueOf(e.getMessage()));
        }
    }

    /** Hears of every run. */
    @FunctionalInterface
    interface Progress {
        /**
         * A run ended.
         *
         * @param repetition from 0; -1 for the one that is not counted
         */
        void ran(Trial trial, int repetition, boolean loupe, double[] figures);
    }
}
