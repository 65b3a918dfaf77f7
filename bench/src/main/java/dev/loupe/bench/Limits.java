package dev.loupe.bench;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.function.IntToDoubleFunction;

/**
 * What this machine can do at most, for other numbers to stand beside: f32 multiply-adds in
 * registers, and bytes read from memory. A limit is the best of several attempts. Prints JSON:
 * {@code fma} in GFLOPS and {@code read} in GB/s, on one thread and on as many as asked for.
 */
final class Limits {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();
    private static final int ATTEMPTS = 7;

    /** Multiply-adds that are independent of each other: latency 4, on two ports, and some more. */
    private static final int CHAINS = 12;

    private static final int ROUNDS = 40_000_000;

    /** Six times as much as the largest caches of servers hold: 1.6 GB. */
    private static final int FLOATS = 400_000_000;

    private Limits() {}

    /** Prints the limits on one thread and on {@code args[0]} threads. */
    public static void main(String[] args) {
        int threads = Integer.parseInt(args[0]);
        // the JIT compiles each loop before it counts
        for (int i = 0; i < 20; i++) {
            multiplyAdds(ROUNDS / 500);
        }
        float[] data = new float[FLOATS];
        for (int i = 0; i < 200; i++) {
            read(data, 0, 1 << 20);
            readStreams(data, 0, 1 << 20);
        }
        System.out.printf(
                Locale.ROOT,
                "{\"bits\":%d,\"fma\":[%.1f,%.1f],\"read\":[%.2f,%.2f]}%n",
                SPECIES.vectorBitSize(),
                fma(1),
                fma(threads),
                reading(data, 1),
                reading(data, threads));
    }

    /** GFLOPS. */
    static double fma(int threads) {
        double seconds = fastest(threads, worker -> multiplyAdds(ROUNDS));
        return 2.0 * CHAINS * LANES * ROUNDS * threads / seconds / 1e9;
    }

    /** GB/s, front to back or in four streams, whichever is faster. */
    static double reading(float[] data, int threads) {
        int each = data.length / threads;
        double plain = fastest(threads, worker -> read(data, worker * each, each));
        double streams = fastest(threads, worker -> readStreams(data, worker * each, each));
        return 4.0 * each * threads / Math.min(plain, streams) / 1e9;
    }

    /** Seconds of the fastest attempt, from the common start to the end of the last thread. */
    private static double fastest(int threads, IntToDoubleFunction work) {
        double best = Double.POSITIVE_INFINITY;
        for (int i = 0; i < ATTEMPTS; i++) {
            best = Math.min(best, once(threads, work));
        }
        return best;
    }

    private static double once(int threads, IntToDoubleFunction work) {
        CyclicBarrier start = new CyclicBarrier(threads);
        long[] begin = new long[threads];
        long[] end = new long[threads];
        double[] results = new double[threads];
        List<Thread> workers = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            int worker = t;
            workers.add(
                    Thread.ofPlatform()
                            .start(() -> {
                                await(start);
                                begin[worker] = System.nanoTime();
                                results[worker] = work.applyAsDouble(worker);
                                end[worker] = System.nanoTime();
                            }));
        }
        try {
            for (Thread worker : workers) {
                worker.join();
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        for (double result : results) {
            // the JIT may not leave out work whose result is used
            if (Double.isNaN(result)) {
                throw new IllegalStateException("not a number");
            }
        }
        // by the workers' own clocks: on a busy machine this thread may learn of the start late
        long first = Arrays.stream(begin).min().orElseThrow();
        long last = Arrays.stream(end).max().orElseThrow();
        return (last - first) / 1e9;
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await();
        } catch (InterruptedException | BrokenBarrierException e) {
            throw new IllegalStateException(e);
        }
    }

    /** So many rounds of {@link #CHAINS} multiply-adds that stay in registers. */
    static double multiplyAdds(int rounds) {
        FloatVector x = FloatVector.broadcast(SPECIES, 0.999f);
        FloatVector y = FloatVector.broadcast(SPECIES, 0.001f);
        FloatVector a = y;
        FloatVector b = y;
        FloatVector c = y;
        FloatVector d = y;
        FloatVector e = y;
        FloatVector f = y;
        FloatVector g = y;
        FloatVector h = y;
        FloatVector i = y;
        FloatVector j = y;
        FloatVector k = y;
        FloatVector l = y;
        for (int round = 0; round < rounds; round++) {
            a = a.fma(x, y);
            b = b.fma(x, y);
            c = c.fma(x, y);
            d = d.fma(x, y);
            e = e.fma(x, y);
            f = f.fma(x, y);
            g = g.fma(x, y);
            h = h.fma(x, y);
            i = i.fma(x, y);
            j = j.fma(x, y);
            k = k.fma(x, y);
            l = l.fma(x, y);
        }
        FloatVector first = a.add(b).add(c).add(d).add(e).add(f);
        return first.add(g).add(h).add(i).add(j).add(k).add(l).lane(0);
    }

    /** Reads front to back. */
    static double read(float[] data, int from, int count) {
        FloatVector a = FloatVector.zero(SPECIES);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        int step = 4 * LANES;
        int end = from + count / step * step;
        for (int i = from; i < end; i += step) {
            a = a.add(FloatVector.fromArray(SPECIES, data, i));
            b = b.add(FloatVector.fromArray(SPECIES, data, i + LANES));
            c = c.add(FloatVector.fromArray(SPECIES, data, i + 2 * LANES));
            d = d.add(FloatVector.fromArray(SPECIES, data, i + 3 * LANES));
        }
        return a.add(b).add(c).add(d).lane(0);
    }

    /** Reads in four places at once, each of which a processor fetches ahead of. */
    static double readStreams(float[] data, int from, int count) {
        FloatVector a = FloatVector.zero(SPECIES);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        int quarter = count / 4 / (2 * LANES) * (2 * LANES);
        int second = from + quarter;
        int third = second + quarter;
        int fourth = third + quarter;
        for (int i = 0; i < quarter; i += 2 * LANES) {
            a = a.add(FloatVector.fromArray(SPECIES, data, from + i));
            b = b.add(FloatVector.fromArray(SPECIES, data, second + i));
            c = c.add(FloatVector.fromArray(SPECIES, data, third + i));
            d = d.add(FloatVector.fromArray(SPECIES, data, fourth + i));
            a = a.add(FloatVector.fromArray(SPECIES, data, from + i + LANES));
            b = b.add(FloatVector.fromArray(SPECIES, data, second + i + LANES));
            c = c.add(FloatVector.fromArray(SPECIES, data, third + i + LANES));
            d = d.add(FloatVector.fromArray(SPECIES, data, fourth + i + LANES));
        }
        return a.add(b).add(c).add(d).lane(0);
    }
}
