package dev.loupe.explorer;

import dev.loupe.inside.HookException;
import dev.loupe.kernels.NonFiniteException;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Computes one answer after the other, on one thread: the model's own threads share each. A few
 * requests may wait; more are turned away at once, so that memory stays bounded.
 */
final class Engine implements AutoCloseable {
    /** How many requests may wait. */
    static final int WAITING = 32;

    private final ThreadPoolExecutor thread =
            new ThreadPoolExecutor(
                    1,
                    1,
                    0,
                    TimeUnit.SECONDS,
                    new ArrayBlockingQueue<>(WAITING),
                    run -> new Thread(run, "loupe-explorer"));

    /** Whether anybody still waits for an answer. */
    static final class Wanted {
        private volatile boolean gone;

        /** Nobody waits any more. */
        void end() {
            gone = true;
        }

        /** Ends the work for somebody who is gone. */
        void check() {
            if (gone) {
                throw new ApiException(499, "nobody waits for this any more");
            }
        }
    }

    /** What computes an answer. */
    @FunctionalInterface
    interface Work {
        Answer run() throws Exception;
    }

    /**
     * Computes an answer when its turn comes.
     *
     * @throws ApiException if too many wait already
     */
    void submit(Wanted wanted, Work work, Consumer<Answer> done, Consumer<ApiException> failed) {
        try {
            thread.execute(() -> {
                try {
                    wanted.check();
                    done.accept(work.run());
                } catch (Exception e) {
                    failed.accept(said(e));
                } catch (OutOfMemoryError e) {
                    failed.accept(
                            new ApiException(
                                    507, "there is not enough memory for this; ask for less"));
                }
            });
        } catch (RejectedExecutionException e) {
            throw new ApiException(
                    429, "the engine is busy, and " + WAITING + " requests wait; try again later");
        }
    }

    private static ApiException said(Exception e) {
        String message = String.valueOf(e.getMessage());
        return switch (e) {
            case ApiException known -> known;
            case HookException bad -> new ApiException(400, message);
            case IllegalArgumentException bad -> new ApiException(400, message);
            case NonFiniteException bad -> new ApiException(422, message);
            default -> new ApiException(500, "this went wrong: " + e);
        };
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
