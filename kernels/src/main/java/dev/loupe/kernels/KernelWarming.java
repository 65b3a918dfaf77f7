package dev.loupe.kernels;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.TimeUnit;

/**
 * Runs vector kernels on the side until the JIT compiler is done with them. One daemon thread for
 * the whole process; it begins some time after the first kernel was asked for, so that a run of one
 * token never pays for it.
 */
final class KernelWarming {
    private static final long DELAY_NANOS = TimeUnit.MILLISECONDS.toNanos(400);

    /** Warm or not, then a kernel is switched: its own work will warm it further. */
    private static final long MOST_NANOS = TimeUnit.SECONDS.toNanos(4);

    /** How much faster vectors are when they are compiled: much more than that. */
    private static final double FASTER = 0.7;

    /** How often in a row they have to be. */
    private static final int TIMES = 8;

    /** Work of a kernel, on room of its own, which either provider can do. */
    @FunctionalInterface
    interface Sample {
        void run(Kernels kernels);
    }

    private final long delayNanos;
    private final long mostNanos;
    private final Queue<Warmed> waiting = new ArrayDeque<>();
    private boolean started;
    private boolean working;
    private boolean hurried;

    KernelWarming() {
        this(DELAY_NANOS, MOST_NANOS);
    }

    KernelWarming(long delayNanos, long mostNanos) {
        this.delayNanos = delayNanos;
        this.mostNanos = mostNanos;
    }

    /** Warms {@code vectors} for the sample, and turns the switch on when that is done. */
    void begin(VectorSwitch s, Kernels plain, Kernels vectors, Sample sample) {
        add(new Warmed(s, plain, vectors, sample, false));
    }

    /** The same at once, and before those that can wait. */
    void beginNow(VectorSwitch s, Kernels plain, Kernels vectors, Sample sample) {
        add(new Warmed(s, plain, vectors, sample, true));
        hurry();
    }

    private synchronized void add(Warmed warmed) {
        waiting.add(warmed);
        if (!started) {
            started = true;
            start();
        }
        notifyAll();
    }

    // nothing depends on the priority but who waits for whom on a busy machine
    @SuppressWarnings("ThreadPriorityCheck")
    private void start() {
        Thread thread = new Thread(this::run, "loupe-warming");
        thread.setDaemon(true);
        thread.setPriority(Thread.MIN_PRIORITY);
        thread.start();
    }

    /** Does not wait any longer: there is much to do. */
    synchronized void hurry() {
        if (!hurried) {
            hurried = true;
            notifyAll();
        }
    }

    /** Whether all kernels that were asked for are switched. */
    synchronized boolean idle() {
        return waiting.isEmpty() && !working;
    }

    private void run() {
        try {
            delay();
            List<Warmed> warmed = new ArrayList<>();
            while (true) {
                take(warmed);
                boolean urgent = warmed.stream().anyMatch(each -> each.urgent);
                warmed.removeIf(each -> (each.urgent || !urgent) && each.step(mostNanos));
            }
        } catch (InterruptedException e) {
            // nobody interrupts it but the end of the process
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void delay() throws InterruptedException {
        long end = System.nanoTime() + delayNanos;
        for (long left = delayNanos; left > 0 && !hurried; left = end - System.nanoTime()) {
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
    }

    /** What was asked for meanwhile; waits if there is nothing to do. */
    private synchronized void take(List<Warmed> warmed) throws InterruptedException {
        working = !warmed.isEmpty();
        while (!working && waiting.isEmpty()) {
            wait();
        }
        working = true;
        warmed.addAll(waiting);
        waiting.clear();
    }

    /** A kernel on its way to vectors. */
    private static final class Warmed {
        private final VectorSwitch target;
        private final Kernels plain;
        private final Kernels vectors;
        private final Sample sample;
        private final boolean urgent;
        private long start;
        private int times;

        Warmed(VectorSwitch target, Kernels plain, Kernels vectors, Sample sample, boolean urgent) {
            this.target = target;
            this.plain = plain;
            this.vectors = vectors;
            this.sample = sample;
            this.urgent = urgent;
        }

        /** Runs both kernels once; true if it has switched. */
        boolean step(long mostNanos) {
            long t0 = System.nanoTime();
            if (start == 0) {
                start = t0;
            }
            sample.run(vectors);
            long t1 = System.nanoTime();
            sample.run(plain);
            long t2 = System.nanoTime();
            times = t1 - t0 < FASTER * (t2 - t1) ? times + 1 : 0;
            if (times < TIMES && t2 - start < mostNanos) {
                return false;
            }
            target.turnOn();
            return true;
        }
    }
}
