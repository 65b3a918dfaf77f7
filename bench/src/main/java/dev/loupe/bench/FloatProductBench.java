package dev.loupe.bench;

import dev.loupe.kernels.Kernels;
import dev.loupe.kernels.Processor;
import dev.loupe.kernels.Product;
import dev.loupe.kernels.Tensor;
import dev.loupe.kernels.TensorType;
import dev.loupe.kernels.Threads;
import dev.loupe.kernels.Weight;

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
 * The product of two square f32 matrices, {@code 2 n^3} operations: 0.27, 2.1 and 17.2 thousand
 * million. {@link LimitsBench#fma} is its limit.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class FloatProductBench {
    @Param({"512", "1024", "2048"})
    int size;

    @Param({"1", "2"})
    int threads = 1;

    private Processor processor = new Processor(Kernels.vectors(), new Threads(1));
    private Weight weight = Matrices.weight(TensorType.F32, 1, 1, processor.threads());
    private Tensor x = Tensor.of(0, 0);
    private Tensor y = Tensor.of(0, 0);

    @Setup
    public void setUp() {
        processor.close();
        processor = new Processor(Kernels.vectors(), new Threads(threads));
        weight = Matrices.weight(TensorType.F32, size, size, processor.threads());
        x = Matrices.tensor(size, size, 0);
        y = Tensor.of(size, size);
    }

    @TearDown
    public void tearDown() {
        processor.close();
    }

    @Benchmark
    public Tensor multiply() {
        Product.multiply(processor, x, weight, null, y);
        return y;
    }
}
