package dev.loupe.generate;

/** A distribution that no token can be drawn from. */
public final class NoTokenException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NoTokenException(String message) {
        super(message);
    }
}
