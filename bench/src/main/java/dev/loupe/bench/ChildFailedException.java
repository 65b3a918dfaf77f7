package dev.loupe.bench;

/** A program that is compared did not run, or did not say what it should. */
final class ChildFailedException extends Exception {
    private static final long serialVersionUID = 1;

    ChildFailedException(String message) {
        super(message);
    }
}
