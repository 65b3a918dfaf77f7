package dev.loupe.bench;

import dev.loupe.kernels.Activation;
import dev.loupe.kernels.Elementwise;
import dev.loupe.kernels.Kernels;
import dev.loupe.kernels.Processor;
import dev.loupe.kernels.Tensor;
import dev.loupe.kernels.Threads;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

import java.util.concurrent.TimeUnit;

/**
 * What an MLP does between its matrices, for 512 tokens of a 1B model: 4.2 million numbers, which
 * read and written are 33.6 MB.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class ActivationBench {
    private static final int TOKENS = 512;
    private static final int WIDTH = 8192;

    @Param Activation activation = Activation.SILU;

    @Param({"1", "2"})
    int threads = 1;

    private Processor processor = new Processor(Kernels.vectors(), new Threads(1));
    private Tensor x = Tensor.of(0, 0);
    private Tensor y = Tensor.of(0, 0);

    @Setup
    public void setUp() {
        processor.close();
        processor = new Processor(Kernels.vectors(), new Threads(threads));
        x = Matrices.tensor(TOKENS, WIDTH, 0);
        y = Tensor.of(TOKENS, WIDTH);
    }

    @TearDown
    public void tearDown() {
        processor.close();
    }

    @Benchmark
    public Tensor activate() {
        Elementwise.activate(processor, activation, x, y);
        return y;
    }
}
