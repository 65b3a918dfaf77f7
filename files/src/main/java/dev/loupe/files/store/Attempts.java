package dev.loupe.files.store;

import java.io.IOException;

/** Tries again what failed for a reason that may pass. */
final class Attempts {
    private static final int LONGEST_SECONDS = 60;

    private Attempts() {}

    /** What is tried. */
    @FunctionalInterface
    interface Call<T> {
        T run() throws IOException;
    }

    /**
     * Calls until it succeeds, at most this often, and waits longer each time, or as long as a busy
     * server asks.
     *
     * @param passing the failures that may pass
     * @throws IOException the last failure, or the first that does not pass
     */
    static <T> T of(int attempts, Class<? extends IOException> passing, Call<T> call)
            throws IOException {
        for (int attempt = 1; ; attempt++) {
            try {
                return call.run();
            } catch (IOException e) {
                if (attempt >= attempts || !passing.isInstance(e)) {
                    throw e;
                }
                pause(attempt, e);
            }
        }
    }

    private static void pause(int attempt, IOException problem) {
        int asked = problem instanceof Http.Busy busy ? busy.seconds() : 0;
        try {
            Thread.sleep(Math.max(Math.min(asked, LONGEST_SECONDS) * 1000L, 500L << (attempt - 1)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreException("interrupted", e);
        }
    }
}
