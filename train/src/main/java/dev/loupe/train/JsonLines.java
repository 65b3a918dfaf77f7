package dev.loupe.train;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** JSONL: one value a line. Blank lines are nothing. */
final class JsonLines {
    /** Takes what a line says. */
    @FunctionalInterface
    interface Reader {
        /**
         * Takes it.
         *
         * @throws Bad if it is not what was expected
         */
        void take(JsonNode line) throws Bad;
    }

    /** A line that cannot be used. The message goes on from "line 3". */
    static final class Bad extends Exception {
        private static final long serialVersionUID = 1;

        Bad(String message) {
            super(message);
        }
    }

    /** In bytes. A line is parsed as a whole. */
    private static final int LONGEST = 1 << 26;

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final Path file;
    private final boolean skipBad;
    private long bytes;
    private long number;
    private long skipped;

    JsonLines(Path file, boolean skipBad) {
        this.file = file;
        this.skipBad = skipBad;
    }

    /** What the first line that can be read says; nothing if there is none. */
    static JsonNode first(Path file) throws IOException {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
            JsonLines lines = new JsonLines(file, true);
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            boolean more = true;
            while (more) {
                line.reset();
                more = lines.readLine(in, line);
                JsonNode node = parsed(line.toByteArray());
                if (node.isObject()) {
                    return node;
                }
            }
        }
        return MissingNode.getInstance();
    }

    private static JsonNode parsed(byte[] line) throws IOException {
        try {
            return MAPPER.readTree(line);
        } catch (JacksonException e) {
            // whoever reads the file says where it is broken
            return MissingNode.getInstance();
        }
    }

    /** Returns how many lines were passed over. */
    long read(Reader reader, Corpus.Watcher watcher) throws IOException {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            boolean more = true;
            while (more) {
                line.reset();
                number++;
                more = readLine(in, line);
                take(line, reader);
                if (number % 256 == 0 || !more) {
                    watcher.at(bytes);
                }
            }
        }
        return skipped;
    }

    /** Returns whether there is another line. Of a line that is too long it keeps the start. */
    private boolean readLine(InputStream in, ByteArrayOutputStream line) throws IOException {
        for (int b = in.read(); b >= 0; b = in.read()) {
            bytes++;
            if (b == '\n') {
                return true;
            }
            if (line.size() <= LONGEST) {
                line.write(b);
            }
        }
        return false;
    }

    private void take(ByteArrayOutputStream line, Reader reader) {
        if (line.size() > LONGEST) {
            bad("has more than 64 MB");
            return;
        }
        byte[] json = line.toByteArray();
        if (blank(json)) {
            return;
        }
        try {
            reader.take(MAPPER.readTree(json));
        } catch (Bad e) {
            bad(String.valueOf(e.getMessage()));
        } catch (JacksonException e) {
            bad("is no JSON: " + e.getOriginalMessage());
        } catch (IOException e) {
            bad("cannot be read: " + e.getMessage());
        }
    }

    private static boolean blank(byte[] line) {
        for (byte b : line) {
            if (b != ' ' && b != '\t' && b != '\r') {
                return false;
            }
        }
        return true;
    }

    private void bad(String problem) {
        if (!skipBad) {
            throw new DataException(
                    file, "line " + number + " " + problem + "; --skip-bad passes over such lines");
        }
        skipped++;
    }
}
