package dev.loupe.files.store;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A body that fails when the server falls silent, or drips: a window of time in which fewer than
 * {@value #LEAST} bytes came ends it.
 */
final class StallGuard extends FilterInputStream {
    /** A modem of 1990 sent more in a second. */
    static final int LEAST = 256;

    private static final ScheduledThreadPoolExecutor CLOCK = clock();

    private final Duration window;
    private final ScheduledFuture<?> watch;
    private final AtomicLong arrived = new AtomicLong();
    private volatile boolean stalled;
    private long seen;

    StallGuard(InputStream body, Duration window) {
        super(body);
        this.window = window;
        long millis = Math.max(1, window.toMillis());
        this.watch = CLOCK.scheduleAtFixedRate(this::look, millis, millis, TimeUnit.MILLISECONDS);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        try {
            int n = in.read(bytes, offset, length);
            if (stalled) {
                throw new IOException("closed");
            }
            arrived.addAndGet(Math.max(0, n));
            return n;
        } catch (IOException e) {
            if (stalled) {
                throw new IOException(
                        "the server sent nothing, or next to nothing, for " + Http.seconds(window),
                        e);
            }
            throw new IOException("the connection broke off", e);
        }
    }

    @Override
    public void close() throws IOException {
        watch.cancel(false);
        super.close();
    }

    private void look() {
        long now = arrived.get();
        if (now - seen < LEAST) {
            stalled = true;
            try {
                close();
            } catch (IOException e) {
                // The reader learns of the stall in any case.
                watch.cancel(false);
            }
        }
        seen = now;
    }

    private static ScheduledThreadPoolExecutor clock() {
        ScheduledThreadPoolExecutor clock =
                new ScheduledThreadPoolExecutor(
                        1, task -> Thread.ofPlatform().daemon().name("stalls").unstarted(task));
        clock.setRemoveOnCancelPolicy(true);
        return clock;
    }
}
