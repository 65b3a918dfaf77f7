package dev.loupe.explorer;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Computes one answer after the other. A model keeps all processors busy by itself. */
final class Engine implements AutoCloseable {
    static final int MOST_WAITING = 32;

    private final ThreadPoolExecutor thread =
            new ThreadPoolExecutor(
                    1,
                    1,
                    0,
                    TimeUnit.SECONDS,
                    new ArrayBlockingQueue<>(MOST_WAITING),
                    task -> {
                        Thread t = new Thread(null, task, "loupe-engine");
                        t.setDaemon(true);
                        return t;
                    });

    /**
     * Puts a task behind those that wait.
     *
     * @throws Refused if too many wait
     */
    void add(Runnable task) {
        try {
            thread.execute(task);
        } catch (RejectedExecutionException e) {
            throw new Refused(
                    429, MOST_WAITING + " requests wait already; ask again when some are answered");
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
