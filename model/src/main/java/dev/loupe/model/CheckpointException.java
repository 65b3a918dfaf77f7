package dev.loupe.model;

/** A checkpoint whose tensors are not those of its configuration. */
public final class CheckpointException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public CheckpointException(String message) {
        super(message);
    }
}
