package dev.loupe.kernels;

import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;

/** What comes before a measurement: work is repeated until it gets no faster. */
public final class WarmUp {
    /** The JIT compiler is done within some seconds. */
    private static final long MOST_NANOS = TimeUnit.SECONDS.toNanos(20);

    /** A pass that is faster than all before by more than this was not the last one. */
    private static final double FASTER = 1.03;

    private static final int TIMES = 2;

    private WarmUp() {}

    /**
     * Runs until the kernels are vectors and the JIT compiler has nothing left to gain.
     *
     * @param rate does the work once and says how fast it was, in whatever unit
     */
    public static void untilSteady(Kernels kernels, DoubleSupplier rate) {
        long end = System.nanoTime() + MOST_NANOS;
        double best = 0;
        int noBetter = 0;
        do {
            double now = rate.getAsDouble();
            noBetter = now > FASTER * best ? 0 : noBetter + 1;
            best = Math.max(best, now);
        } while (!kernels.settled() || (noBetter < TIMES && System.nanoTime() < end));
    }
}
