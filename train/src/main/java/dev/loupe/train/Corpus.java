package dev.loupe.train;

import com.fasterxml.jackson.databind.JsonNode;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * Text to train on: files of UTF-8, folders of such files, and JSONL with one {@code {"text"}} a
 * line. A text file is one document; so is a line of JSONL. It is read in pieces, in the same order
 * each time, and may be larger than memory.
 */
public final class Corpus {
    private static final List<String> TEXTS = List.of(".txt", ".text", ".md");
    private static final String LINES = ".jsonl";

    private final List<Path> files;
    private final boolean skipBad;
    private long skipped;

    /** Takes the text of one document after another. */
    public interface Reader {
        /** The next piece of a document; where pieces meet, a word ends. */
        void text(String piece);

        /** The document is over. */
        void end();
    }

    /** Told how many bytes were read; what it throws ends the reading. */
    @FunctionalInterface
    public interface Watcher {
        void at(long bytes);
    }

    private Corpus(List<Path> files, boolean skipBad) {
        this.files = List.copyOf(files);
        this.skipBad = skipBad;
    }

    /**
     * Finds the files.
     *
     * @param data files, taken whatever they are called, and folders, of which .txt, .text, .md and
     *     .jsonl files are taken, those of inner folders too, in the order of their names
     * @param skipBad whether lines of JSONL that cannot be read are passed over
     * @throws DataException if there is no such file or folder, or nothing in it
     */
    public static Corpus of(List<Path> data, boolean skipBad) {
        List<Path> files = new ArrayList<>();
        for (Path path : data) {
            if (Files.isDirectory(path)) {
                files.addAll(filesOf(path));
            } else if (Files.isReadable(path)) {
                files.add(path);
            } else {
                throw new DataException(
                        path, Files.exists(path) ? "cannot be read" : "no such file or folder");
            }
        }
        return new Corpus(files, skipBad);
    }

    private static List<Path> filesOf(Path folder) {
        try (Stream<Path> all = Files.walk(folder)) {
            List<Path> files =
                    all.filter(f -> Files.isRegularFile(f) && (isText(f) || hasLines(f)))
                            .sorted()
                            .toList();
            if (files.isEmpty()) {
                throw new DataException(
                        folder, "has no file that ends in .txt, .text, .md or .jsonl");
            }
            return files;
        } catch (IOException e) {
            throw new DataException(folder, "cannot be read: " + e.getMessage());
        }
    }

    private static boolean isText(Path file) {
        return TEXTS.stream().anyMatch(end -> name(file).endsWith(end));
    }

    private static void text(JsonNode line, Reader reader) throws JsonLines.Bad {
        JsonNode text = line.path("text");
        if (!text.isTextual()) {
            throw new JsonLines.Bad("has no text, expected {\"text\": TEXT}");
        }
        reader.text(text.textValue());
        reader.end();
    }

    /** Whether it is JSONL. */
    static boolean hasLines(Path file) {
        return name(file).endsWith(LINES);
    }

    private static String name(Path file) {
        return file.getFileName().toString().toLowerCase(Locale.ROOT);
    }

    /** The files, in the order in which they are read. */
    public List<Path> files() {
        return files;
    }

    /** How large all files are together. */
    public long bytes() {
        long bytes = 0;
        for (Path file : files) {
            try {
                bytes += Files.size(file);
            } catch (IOException e) {
                throw new DataException(file, "cannot be read: " + e.getMessage());
            }
        }
        return bytes;
    }

    /** Names, sizes and times of the files, and something more: other text has another key. */
    long key(byte[] more) {
        CRC32C sum = new CRC32C();
        for (Path file : files) {
            try {
                String line =
                        file.toAbsolutePath()
                                + " "
                                + Files.size(file)
                                + " "
                                + Files.getLastModifiedTime(file);
                sum.update(line.getBytes(StandardCharsets.UTF_8));
            } catch (IOException e) {
                throw new DataException(file, "cannot be read: " + e.getMessage());
            }
        }
        sum.update(more);
        return sum.getValue();
    }

    /** How many lines were passed over by the last {@link #read}. */
    public long skipped() {
        return skipped;
    }

    /**
     * Reads everything, front to back.
     *
     * @throws DataException if a file is not UTF-8, or a line is no JSON with a text; the message
     *     says where
     */
    public void read(Reader reader, Watcher watcher) {
        skipped = 0;
        long before = 0;
        for (Path file : files) {
            long start = before;
            Watcher own = bytes -> watcher.at(start + bytes);
            try {
                if (hasLines(file)) {
                    skipped += new JsonLines(file, skipBad).read(line -> text(line, reader), own);
                } else {
                    new TextFile(file).read(reader, own);
                }
                before += Files.size(file);
            } catch (IOException e) {
                throw new DataException(file, "cannot be read: " + e.getMessage());
            }
        }
    }
}
