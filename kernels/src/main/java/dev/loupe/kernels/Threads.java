package dev.loupe.kernels;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;

/**
 * Workers that share the parts of one task at a time. A worker that has done its own share goes on
 * with the others', so one that the machine holds up delays only the part it has; what a part
 * computes never depends on who computes it.
 *
 * <p>Between tasks a worker spins for some {@value #SPIN_NANOS} ns, since waking a thread costs
 * more than a small product, and then parks: nothing is busy when nothing runs.
 */
public final class Threads implements AutoCloseable {
    /** How long a worker waits for the next task before it parks. */
    private static final long SPIN_NANOS = 50_000;

    /** A part of a task: the items {@code [from, to)}, on worker {@code worker}. */
    @FunctionalInterface
    public interface Part {
        void run(int worker, int from, int to);
    }

    private final Worker[] workers;
    private volatile @Nullable Job job;
    private volatile boolean closed;

    /**
     * @param threads how many threads work, the caller's among them
     */
    public Threads(int threads) {
        if (threads < 1 || threads > 1024) {
            throw new IllegalArgumentException(
                    "threads: found " + threads + ", expected 1 to 1024");
        }
        workers = new Worker[threads - 1];
        for (int i = 0; i < workers.length; i++) {
            workers[i] = new Worker(i + 1);
            workers[i].start();
        }
    }

    /** How many threads work, the caller's among them; workers are numbered from 0. */
    public int count() {
        return workers.length + 1;
    }

    /**
     * Runs the items {@code [0, items)} in parts of at most {@code grain}, smaller ones at the end
     * so that all workers end together, and returns when all are done. One task at a time: callers
     * take turns, and a task that a part starts runs on that part's worker alone.
     *
     * @throws RuntimeException whatever a part threw; other parts may or may not have run
     */
    public void each(int items, int grain, Part part) {
        if (Thread.currentThread() instanceof Worker worker && worker.pool() == this) {
            // the others are busy with the task that this one is a part of
            alone(worker.number, items, grain, part);
        } else if (Thread.holdsLock(this)) {
            alone(0, items, grain, part);
        } else {
            share(items, grain, part);
        }
    }

    private static void alone(int worker, int items, int grain, Part part) {
        for (int from = 0; from < items; from += grain) {
            part.run(worker, from, Math.min(items, from + grain));
        }
    }

    private synchronized void share(int items, int grain, Part part) {
        if (workers.length == 0 || items <= grain) {
            alone(0, items, grain, part);
            return;
        }
        Job next = new Job(items, grain, count(), part);
        job = next;
        for (Worker worker : workers) {
            if (worker.parked) {
                LockSupport.unpark(worker);
            }
        }
        next.work(0);
        next.await();
        job = null;
    }

    /** Where a part begins, if items are divided into parts that differ by one at most. */
    static int start(int items, int part, int parts) {
        return (int) ((long) items * part / parts);
    }

    /** Ends the workers. */
    @Override
    public void close() {
        closed = true;
        for (Worker worker : workers) {
            LockSupport.unpark(worker);
        }
    }

    /**
     * A task. Each worker begins with its own share of the items, so that it reads on where it is
     * and meets nobody, and then helps the others with theirs.
     */
    private static final class Job {
        /** Ints in what a processor writes at a time: shares apart from each other. */
        private static final int APART = 32;

        private final int items;
        private final int grain;
        private final int threads;
        private final Part part;
        private final AtomicIntegerArray next;
        private final AtomicInteger done = new AtomicInteger();
        private volatile @Nullable Throwable failure;

        Job(int items, int grain, int threads, Part part) {
            this.items = items;
            this.grain = grain;
            this.threads = threads;
            this.part = part;
            next = new AtomicIntegerArray(threads * APART);
            for (int share = 0; share < threads; share++) {
                next.setPlain(share * APART, start(share));
            }
        }

        private int start(int share) {
            return Threads.start(items, share, threads);
        }

        void work(int worker) {
            int did = 0;
            for (int i = 0; i < threads; i++) {
                did += share((worker + i) % threads, worker);
            }
            if (did > 0) {
                done.addAndGet(did);
            }
        }

        /** What is left of a share, part by part; gives how many items that were. */
        private int share(int share, int worker) {
            int end = start(share + 1);
            int did = 0;
            while (true) {
                int from = next.get(share * APART);
                if (from >= end) {
                    return did;
                }
                // half of what is left, for there may be somebody to help
                int to = from + Math.clamp((end - from + 1) / 2, 1, grain);
                if (next.compareAndSet(share * APART, from, to)) {
                    run(worker, from, to);
                    did += to - from;
                }
            }
        }

        private void run(int worker, int from, int to) {
            try {
                if (failure == null) {
                    part.run(worker, from, to);
                }
            } catch (RuntimeException | Error e) {
                failure = e;
            }
        }

        // on a busy machine the worker that is awaited may need this very processor
        @SuppressWarnings("ThreadPriorityCheck")
        void await() {
            for (int spins = 0; done.get() < items; spins++) {
                if (spins < 10_000) {
                    Thread.onSpinWait();
                } else {
                    Thread.yield();
                }
            }
            switch (failure) {
                case null -> {}
                case RuntimeException e -> throw e;
                case Error e -> throw e;
                case Throwable e -> throw new IllegalStateException(e);
            }
        }
    }

    private final class Worker extends Thread {
        private final int number;
        private volatile boolean parked;

        Worker(int number) {
            super("loupe-worker-" + number);
            this.number = number;
            setDaemon(true);
        }

        Threads pool() {
            return Threads.this;
        }

        @Override
        public void run() {
            Job last = null;
            while (!closed) {
                Job found = job;
                if (found != null && found != last) {
                    found.work(number);
                    last = found;
                } else {
                    last = found;
                    waitForAnother(last);
                }
            }
        }

        private void waitForAnother(@Nullable Job last) {
            long start = System.nanoTime();
            while (job == last || job == null) {
                if (closed) {
                    return;
                }
                if (System.nanoTime() - start < SPIN_NANOS) {
                    // once: on recent processors it waits for 140 cycles
                    Thread.onSpinWait();
                } else {
                    parked = true;
                    if (job == last || job == null) {
                        LockSupport.park(this);
                    }
                    parked = false;
                }
            }
        }
    }
}
