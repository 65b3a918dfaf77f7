package dev.loupe.app;

/**
 * Something that the person at the keyboard can mend. The message is one line that says what is
 * wrong and what to do; it ends the command with exit code 1.
 */
public final class UserException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public UserException(String message) {
        super(message);
    }

    public UserException(String message, Throwable cause) {
        super(message, cause);
    }
}
