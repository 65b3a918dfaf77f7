package dev.loupe.app;

import dev.loupe.files.store.Bytes;
import dev.loupe.files.store.Progress;

import org.jspecify.annotations.Nullable;

import java.io.PrintStream;

/**
 * One line on a terminal that says how far a download is, how fast it goes, and how long it takes.
 */
final class ProgressBar implements Progress, AutoCloseable {
    private static final long REDRAW_NANOS = 100_000_000L;
    private static final int CELLS = 20;
    private static final int NAME = 32;

    private final PrintStream out;
    private final boolean watched;
    private @Nullable String file;
    private long startNanos;
    private long startBytes;
    private long drawnNanos;

    /**
     * @param watched false to draw nothing
     */
    ProgressBar(PrintStream out, boolean watched) {
        this.out = out;
        this.watched = watched;
    }

    /** A bar on stderr, drawn only where a person watches. */
    static ProgressBar onStderr() {
        return new ProgressBar(System.err, Terminal.stderrIsWatched());
    }

    @Override
    public void at(String name, long done, long total) {
        if (!watched) {
            return;
        }
        long now = System.nanoTime();
        if (!name.equals(file)) {
            close();
            file = name;
            startNanos = now;
            startBytes = done;
        } else if (now - drawnNanos < REDRAW_NANOS && done != total) {
            return;
        }
        drawnNanos = now;
        out.print("\r" + line(name, done, total, now) + "\u001b[K");
        out.flush();
    }

    /** Ends the line, so that what comes next has one of its own. */
    @Override
    public void close() {
        if (file != null) {
            out.println();
            file = null;
        }
    }

    private String line(String name, long done, long total, long now) {
        String shown = name.length() > NAME ? name.substring(0, NAME - 3) + "..." : name;
        double seconds = (now - startNanos) / 1e9;
        double rate = seconds < 0.2 ? 0 : (done - startBytes) / seconds;
        StringBuilder line = new StringBuilder(shown).append("  ");
        if (total > 0) {
            int full = (int) (done * (double) CELLS / total);
            line.append('[')
                    .append("#".repeat(full))
                    .append(" ".repeat(CELLS - full))
                    .append("]  ")
                    .append(Bytes.text(done))
                    .append(" of ")
                    .append(Bytes.text(total));
        } else {
            line.append(Bytes.text(done));
        }
        if (rate >= 1) {
            line.append("  ").append(Bytes.text((long) rate)).append("/s");
            if (total > done) {
                line.append("  ").append(clock((long) Math.ceil((total - done) / rate)));
            }
        }
        return line.toString();
    }

    private static String clock(long seconds) {
        return seconds >= 3600
                ? seconds / 3600 + " h " + seconds % 3600 / 60 + " min left"
                : seconds >= 60
                        ? seconds / 60 + " min " + seconds % 60 + " s left"
                        : seconds + " s left";
    }
}
