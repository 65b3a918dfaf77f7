package dev.loupe.explorer;

/** What a page asked for cannot be had; the message says why, and goes to the person. */
final class ApiException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;

    ApiException(int status, String message) {
        super(message);
        this.status = status;
    }

    /** The status of HTTP. */
    int status() {
        return status;
    }
}
