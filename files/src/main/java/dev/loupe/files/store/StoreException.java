package dev.loupe.files.store;

import dev.loupe.files.ModelFileException;

import java.io.IOException;
import java.nio.file.FileSystemException;

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

    /** Why reading or writing failed; Java's own message is often only the name of the file. */
    static String reason(IOException e) {
        if (e instanceof FileSystemException failed) {
            String reason = failed.getReason();
            String kind = e.getClass().getSimpleName().replace("Exception", "");
            return failed.getFile() + ": " + (reason == null ? kind : reason);
        }
        return String.valueOf(e.getMessage());
    }
}
