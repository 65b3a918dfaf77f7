package dev.loupe.bench;

import java.util.Locale;

/** What a row of the comparison should reach. */
sealed interface Target {
    boolean reached(Outcome outcome);

    /** For the table. */
    String text();

    /** So many times the other's figure. */
    record AtLeast(double ratio) implements Target {
        @Override
        public boolean reached(Outcome outcome) {
            return outcome.ratio() >= ratio;
        }

        @Override
        public String text() {
            return "at least " + ratio;
        }
    }

    /** No more than so many times the other's figure, for what should be small. */
    record AtMost(double ratio) implements Target {
        @Override
        public boolean reached(Outcome outcome) {
            return outcome.ratio() <= ratio;
        }

        @Override
        public String text() {
            return "at most " + ratio;
        }
    }

    /** A figure of its own, whatever the other's is. */
    record Within(double most, String unit) implements Target {
        @Override
        public boolean reached(Outcome outcome) {
            return outcome.loupe() <= most;
        }

        @Override
        public String text() {
            return "at most " + most + " " + unit;
        }
    }

    /** So much of what the machine can do; 1 is all. */
    record Share(double share) implements Target {
        @Override
        public boolean reached(Outcome outcome) {
            return outcome.share() >= share;
        }

        @Override
        public String text() {
            return String.format(Locale.ROOT, "%.0f%% of the limit", 100 * share);
        }
    }

    record Either(Target one, Target other) implements Target {
        @Override
        public boolean reached(Outcome outcome) {
            return one.reached(outcome) || other.reached(outcome);
        }

        @Override
        public String text() {
            return one.text() + " or " + other.text();
        }
    }

    /** Measured for information. */
    record None() implements Target {
        @Override
        public boolean reached(Outcome outcome) {
            return true;
        }

        @Override
        public String text() {
            return "";
        }
    }
}
