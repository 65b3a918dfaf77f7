package dev.loupe.app;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Ctrl-C ends a generation between two tokens, and what was written so far stays. */
final class Interrupts implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 10;

    private final CountDownLatch finished = new CountDownLatch(1);
    private final Thread hook;

    /**
     * @param cancel called by another thread when the interrupt comes
     */
    Interrupts(Runnable cancel) {
        hook =
                new Thread(
                        () -> {
                            cancel.run();
                            await();
                        },
                        "loupe-interrupt");
        try {
            Runtime.getRuntime().addShutdownHook(hook);
        } catch (IllegalStateException e) {
            // the interrupt came just now, and nothing waits for what would be written
            cancel.run();
        }
    }

    private void await() {
        try {
            if (!finished.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                System.err.println("loupe: interrupted before the model answered");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Everything is written: the JVM may end. */
    @Override
    public void close() {
        finished.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // the interrupt came: the hook has run, or runs
            return;
        }
    }
}
