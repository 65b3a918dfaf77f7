package dev.loupe.bench;

/**
 * A row of the comparison.
 *
 * @param group its heading in the table
 * @param unit of the figures
 * @param bound what limits it
 */
record Question(String group, String name, String unit, Target target, Bound bound) {
    /** What {@code --only} is matched with. */
    String fullName() {
        return group + " " + name;
    }

    /** What of the machine is used up, and how much of it for each unit of the figure. */
    sealed interface Bound {
        /** Floating-point operations. */
        record Operations(double each) implements Bound {}

        /** Bytes that are read from memory. */
        record BytesRead(double each) implements Bound {}

        /** Nothing that was measured. */
        record None() implements Bound {}
    }
}
