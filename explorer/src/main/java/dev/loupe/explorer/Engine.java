package dev.loupe.explorer;

import dev.loupe.inside.HookException;
import dev.loupe.kernels.NonFiniteException;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

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

    /** What computes an answer. */
    @FunctionalInterface
    interface Work {
        Answer run() throws Exception;
    }

    /**
     * Computes an answer when its turn comes, and sends it: the next one begins when somebody has
     * taken this one, so that one answer is in memory at a time.
     *
     * @throws ApiException if too many wait already
     */
    void submit(Work work, Reply reply) {
        try {
            thread.execute(() -> {
                try {
                    reply.check();
                    reply.send(work.run());
                } catch (Exception e) {
                    reply.fail(said(e));
                } catch (OutOfMemoryError e) {
                    reply.fail(
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
