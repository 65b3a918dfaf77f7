package dev.loupe.explorer;

/** Whoever asked has left, so nobody waits for the answer. */
final class Gone extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Gone() {
        super("whoever asked has left");
    }
}
