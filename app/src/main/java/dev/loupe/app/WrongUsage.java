package dev.loupe.app;

/** Options that make no sense, alone or together; ends the command with exit code 2. */
final class WrongUsage extends RuntimeException {
    private static final long serialVersionUID = 1L;

    WrongUsage(String message) {
        super(message);
    }
}
