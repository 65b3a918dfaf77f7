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
 * A matrix of 16 million weights, more than most caches hold, times one generated token, those of
 * 32 sequences, or 128 prompt tokens. One operation is the whole product: 16.8, 537 and 2,147
 * million multiply-adds.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class ProductBench {
    private static final int ROWS = 8192;
    private static final int COLS = 2048;

    @Param({"F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_1", "Q4_K", "Q6_K"})
    TensorType type = TensorType.F32;

    @Param({"1", "2"})
    int threads = 1;

    private Processor processor = new Processor(Kernels.vectors(), new Threads(1));
    private Weight weight = new Weight.Floats(0, 0, new float[0][]);
    private Tensor drawn = Tensor.of(0, 0);
    private Tensor prompt = Tensor.of(0, 0);
    private Tensor drawnTogether = Tensor.of(0, 0);
    private Tensor drawnOut = Tensor.of(0, 0);
    private Tensor togetherOut = Tensor.of(0, 0);
    private Tensor promptOut = Tensor.of(0, 0);

    @Setup
    public void setUp() {
        processor.close();
        processor = new Processor(Kernels.vectors(), new Threads(threads));
        weight = Matrices.weight(type, ROWS, COLS, processor.threads());
        drawn = Matrices.tensor(1, COLS, 1);
        drawnTogether = Matrices.tensor(32, COLS, 32);
        prompt = Matrices.tensor(128, COLS, 0);
        drawnOut = Tensor.of(1, ROWS, 1);
        togetherOut = Tensor.of(32, ROWS, 32);
        promptOut = Tensor.of(128, ROWS);
    }

    @TearDown
    public void tearDown() {
        processor.close();
    }

    /** One generated token. */
    @Benchmark
    public Tensor generated() {
        Product.multiply(processor, drawn, weight, null, drawnOut);
        return drawnOut;
    }

    /** Tokens that 32 sequences generate together: as many multiply-adds as 32 of one. */
    @Benchmark
    public Tensor generatedTogether() {
        Product.multiply(processor, drawnTogether, weight, null, togetherOut);
        return togetherOut;
    }

    /** 128 prompt tokens. */
    @Benchmark
    public Tensor prompt() {
        Product.multiply(processor, prompt, weight, null, promptOut);
        return promptOut;
    }
}
