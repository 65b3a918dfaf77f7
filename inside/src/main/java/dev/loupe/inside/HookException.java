package dev.loupe.inside;

/**
 * A hook that a model has not, more of them than memory holds, or a change that leaves nothing to
 * look at; the message is for people.
 */
public final class HookException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    public HookException(String message) {
        super(message);
    }
}
