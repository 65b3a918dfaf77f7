package dev.loupe.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A program that ran to its end, without a terminal and with nothing on stdin.
 *
 * @param seconds from its start to its end
 */
record Child(String stdout, String stderr, double seconds) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern PEAK = Pattern.compile("VmHWM:\\s+(\\d+) kB");

    /** What runs now, so that an interrupted comparison leaves nothing behind. */
    private static @Nullable Process running;

    private static boolean stopped;

    static Child run(String... command) throws ChildFailedException, InterruptedException {
        return run(List.of(command));
    }

    static Child run(List<String> command) throws ChildFailedException, InterruptedException {
        try {
            Path out = Files.createTempFile("loupe-bench", ".out");
            Path err = Files.createTempFile("loupe-bench", ".err");
            try {
                long start = System.nanoTime();
                Process process = start(command, out, err);
                int code = process.waitFor();
                double seconds = (System.nanoTime() - start) / 1e9;
                return checked(command, code, new Child(text(out), text(err), seconds));
            } finally {
                Files.delete(out);
                Files.delete(err);
            }
        } catch (IOException e) {
            throw new ChildFailedException("cannot run " + command.getFirst() + ": " + e);
        }
    }

    /**
     * The most memory that a program had resident, in MB: Linux counts it, and its last word is
     * read shortly before the program ends.
     */
    static double peakMegabytes(List<String> command)
            throws ChildFailedException, InterruptedException {
        if (!Files.exists(Path.of("/proc/self/status"))) {
            throw new ChildFailedException("only Linux says how much memory a program had");
        }
        try {
            Path out = Files.createTempFile("loupe-bench", ".out");
            Path err = Files.createTempFile("loupe-bench", ".err");
            try {
                Process process = start(command, out, err);
                Path status = Path.of("/proc", String.valueOf(process.pid()), "status");
                double peak = 0;
                while (process.isAlive()) {
                    Matcher line = PEAK.matcher(statusOf(status));
                    if (line.find()) {
                        peak = Math.max(peak, Double.parseDouble(line.group(1)) * 1024 / 1e6);
                    }
                    Thread.sleep(1);
                }
                checked(command, process.waitFor(), new Child(text(out), text(err), 0));
                return peak;
            } finally {
                Files.delete(out);
                Files.delete(err);
            }
        } catch (IOException e) {
            throw new ChildFailedException("cannot run " + command.getFirst() + ": " + e);
        }
    }

    /** Ends what runs now, and lets nothing else begin. */
    static synchronized void stop() {
        stopped = true;
        Process process = running;
        if (process != null) {
            process.descendants().forEach(ProcessHandle::destroy);
            process.destroy();
        }
    }

    private static synchronized boolean stopped() {
        return stopped;
    }

    /** What it printed, as JSON. */
    JsonNode json() throws ChildFailedException {
        try {
            return JSON.readTree(stdout);
        } catch (JsonProcessingException e) {
            throw new ChildFailedException("printed no JSON: " + lastLine(stdout));
        }
    }

    /** A number of each element of an array, or of a field in it. */
    static double[] figures(int expected, JsonNode array, String field)
            throws ChildFailedException {
        double[] figures = new double[array.size()];
        for (int i = 0; i < figures.length; i++) {
            figures[i] =
                    field.isEmpty() ? array.get(i).asDouble() : array.get(i).path(field).asDouble();
        }
        if (figures.length != expected) {
            throw new ChildFailedException(
                    "found " + figures.length + " figures, expected " + expected);
        }
        return figures;
    }

    private static synchronized Process start(List<String> command, Path out, Path err)
            throws IOException, ChildFailedException {
        if (stopped) {
            throw new ChildFailedException("interrupted");
        }
        Process process =
                new ProcessBuilder(command)
                        .redirectOutput(out.toFile())
                        .redirectError(err.toFile())
                        .start();
        running = process;
        process.getOutputStream().close();
        return process;
    }

    private static Child checked(List<String> command, int code, Child child)
            throws ChildFailedException {
        if (stopped()) {
            throw new ChildFailedException("interrupted");
        }
        if (code != 0) {
            throw new ChildFailedException(
                    Path.of(command.getFirst()).getFileName()
                            + " ended with "
                            + code
                            + ": "
                            + lastLine(child.stderr));
        }
        return child;
    }

    private static String statusOf(Path status) {
        try {
            return Files.readString(status);
        } catch (IOException e) {
            // it ended in between
            return "";
        }
    }

    /** Programs write what they like. */
    private static String text(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    }

    private static String lastLine(String text) {
        return text.strip().lines().reduce((first, second) -> second).orElse("(nothing)");
    }
}
