package dev.loupe.bench;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

import java.util.concurrent.TimeUnit;

/**
 * The machine's limits on one thread, for the other benchmarks to stand beside: their operations or
 * bytes divided by these are the time that they cannot go below. {@code bench/compare} measures the
 * limits on several threads too.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class LimitsBench {
    /** 1.2 GB: some times what the largest caches hold. */
    private static final int FLOATS = 300_000_000;

    private float[] data = new float[0];

    @Setup
    public void setUp() {
        data = new float[FLOATS];
    }

    /** One million rounds of 12 vectors' multiply-adds: 384 million operations at 512 bits. */
    @Benchmark
    public double fma() {
        return Limits.multiplyAdds(1_000_000);
    }

    /** 1.2 GB front to back. */
    @Benchmark
    public double read() {
        return Limits.read(data, 0, FLOATS);
    }

    /** 1.2 GB in four places at once. */
    @Benchmark
    public double readStreams() {
        return Limits.readStreams(data, 0, FLOATS);
    }
}
