package dev.loupe.files;

import java.nio.file.Path;

/**
 * A file that is not what it should be. The message is one line for the person who chose the file.
 */
public final class ModelFileException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** A file that is wrong, or wrong here, as a whole. */
    public ModelFileException(Path file, String problem) {
        super(oneLine(file + ": " + problem));
    }

    /**
     * A field or tensor that is wrong.
     *
     * @param field the key, tensor or position in the file
     * @param found what the file has there
     * @param expected what would have been right
     */
    public ModelFileException(Path file, String field, Object found, String expected) {
        super(oneLine(file + ": " + field + ": found " + found + ", expected " + expected));
    }

    /** Names come from strangers: nothing in them may break the line, or drive the terminal. */
    public static String oneLine(String message) {
        StringBuilder line = new StringBuilder();
        message.codePoints()
                .limit(600)
                .map(c -> Character.isISOControl(c) ? '\uFFFD' : c)
                .forEach(line::appendCodePoint);
        return line.toString();
    }
}
