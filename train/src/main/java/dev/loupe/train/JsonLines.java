package dev.loupe.train;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** JSONL: one object with a {@code "text"} a line. Blank lines are nothing. */
final class JsonLines {
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

    /** Returns how many lines were passed over. */
    long read(Corpus.Reader reader, Corpus.Watcher watcher) throws IOException {
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

    private void take(ByteArrayOutputStream line, Corpus.Reader reader) {
        if (line.size() > LONGEST) {
            bad("has more than 64 MB");
            return;
        }
        byte[] json = line.toByteArray();
        if (blank(json)) {
            return;
        }
        JsonNode text;
        try {
            text = MAPPER.readTree(json).path("text");
        } catch (JacksonException e) {
            bad("is no JSON: " + e.getOriginalMessage());
            return;
        } catch (IOException e) {
            bad("cannot be read: " + e.getMessage());
            return;
        }
        if (!text.isTextual()) {
            bad("has no text, expected {\"text\": TEXT}");
            return;
        }
        reader.text(text.textValue());
        reader.end();
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
