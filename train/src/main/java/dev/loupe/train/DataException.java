package dev.loupe.train;

import java.nio.file.Path;

/** Data that cannot be trained on; the message names the file, the place, and what to do. */
public final class DataException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public DataException(Path file, String problem) {
        super(file + ": " + problem);
    }

    public DataException(String problem) {
        super(problem);
    }
}
