package dev.loupe.app;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.stream.Stream;

/**
 * A command that ran in this JVM, and what it left.
 *
 * @param code its exit code
 */
record Run(int code, String out, String err) {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    static Run of(String... args) {
        return with("", args);
    }

    /** Runs a command with a text on stdin. */
    static Run with(String stdin, String... args) {
        PrintStream realOut = System.out;
        PrintStream realErr = System.err;
        InputStream realIn = System.in;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        System.setOut(new PrintStream(out, false, UTF_8));
        System.setErr(new PrintStream(err, true, UTF_8));
        System.setIn(new ByteArrayInputStream(stdin.getBytes(UTF_8)));
        try {
            int code = Main.execute(args);
            return new Run(code, out.toString(UTF_8), err.toString(UTF_8));
        } finally {
            System.setOut(realOut);
            System.setErr(realErr);
            System.setIn(realIn);
        }
    }

    /** The one object on stdout. */
    JsonNode json() {
        return parsed(out);
    }

    /** The objects on stdout, one a line. */
    List<JsonNode> jsonLines() {
        return out.lines().map(Run::parsed).toList();
    }

    private static JsonNode parsed(String text) {
        try {
            return MAPPER.readTree(text);
        } catch (IOException e) {
            throw new UncheckedIOException(text, e);
        }
    }

    static int[] ints(JsonNode array) {
        return MAPPER.convertValue(array, int[].class);
    }

    static double[] doubles(JsonNode array) {
        return MAPPER.convertValue(array, double[].class);
    }

    /** Arguments, some of them in one text between spaces. */
    static String[] args(String line, String... more) {
        return Stream.concat(Stream.of(line.split(" ")), Stream.of(more)).toArray(String[]::new);
    }
}
