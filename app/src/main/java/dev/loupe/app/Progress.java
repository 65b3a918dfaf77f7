package dev.loupe.app;

/** One line on a terminal that says how far long work is. */
final class Progress {
    private static boolean shown;

    private Progress() {}

    static void show(String what, long done, long total) {
        if (Terminal.stderrIsWatched()) {
            System.err.printf("\r%s %d of %d\u001b[K", what, done, total);
            System.err.flush();
            shown = true;
        }
    }

    /** Clears the line. */
    static void end() {
        if (shown) {
            System.err.print("\r\u001b[K");
            System.err.flush();
            shown = false;
        }
    }
}
