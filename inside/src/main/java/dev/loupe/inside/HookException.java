package dev.loupe.inside;

/** A hook that a model has not, or more of them than memory holds; the message is for people. */
public final class HookException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    public HookException(String message) {
        super(message);
    }
}
