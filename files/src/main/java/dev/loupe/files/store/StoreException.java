package dev.loupe.files.store;

import dev.loupe.files.ModelFileException;

/**
 * A model that cannot be pulled, found or removed. The message is one line that says why and what
 * to do.
 */
public final class StoreException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    StoreException(String message) {
        super(ModelFileException.oneLine(message));
    }

    StoreException(String message, Throwable cause) {
        super(ModelFileException.oneLine(message), cause);
    }
}
