package dev.loupe.bench;

import dev.loupe.kernels.Kernels;
import dev.loupe.kernels.KeyValues;
import dev.loupe.kernels.Processor;
import dev.loupe.kernels.SelfAttention;
import dev.loupe.kernels.SelfAttention.Heads;
import dev.loupe.kernels.SelfAttention.Visible;
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
 * Attention of one layer, with the heads of a 1B model: 32 of queries, 8 of keys, 64 numbers each.
 * One operation is one generated token, or 512 tokens of a prompt, behind {@code before} others.
 *
 * <p>The limit of the first is reading: keys and values of 4,097 positions are 16.8 MB in F32 (on
 * two threads a core's caches may hold them). That of the second is arithmetic: each query meets
 * each visible key and value with 128 multiply-adds a head, 0.54 thousand million behind nothing
 * and 9.1 behind 4,096.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class AttentionBench {
    private static final int PROMPT = 512;
    private static final int KEY_HEADS = 8;
    private static final Heads HEADS = new Heads(32, 64, 0.125f);

    @Param({"0", "4096"})
    int before;

    @Param({"1", "2"})
    int threads = 1;

    private Processor processor = new Processor(Kernels.vectors(), new Threads(1));
    private KeyValues keys = new KeyValues(KEY_HEADS, HEADS.headDim());
    private Tensor drawn = Tensor.of(0, 0);
    private Tensor prompt = Tensor.of(0, 0);
    private Tensor drawnOut = Tensor.of(0, 0);
    private Tensor promptOut = Tensor.of(0, 0);

    @Setup
    public void setUp() {
        processor.close();
        processor = new Processor(Kernels.vectors(), new Threads(threads));
        keys = new KeyValues(KEY_HEADS, HEADS.headDim());
        Tensor stored = Matrices.tensor(before + PROMPT, KEY_HEADS * HEADS.headDim(), 0);
        keys.put(0, stored, stored);
        int width = HEADS.nHead() * HEADS.headDim();
        drawn = Matrices.tensor(1, width, 1);
        prompt = Matrices.tensor(PROMPT, width, 0);
        drawnOut = Tensor.of(1, width, 1);
        promptOut = Tensor.of(PROMPT, width);
    }

    @TearDown
    public void tearDown() {
        processor.close();
    }

    /** One generated token. */
    @Benchmark
    public Tensor generated() {
        SelfAttention.attend(processor, drawn, new Behind(keys, before), HEADS, drawnOut);
        return drawnOut;
    }

    /** 512 prompt tokens. */
    @Benchmark
    public Tensor prompt() {
        SelfAttention.attend(processor, prompt, new Behind(keys, before), HEADS, promptOut);
        return promptOut;
    }

    /** Each row is the next position of one sequence, and sees all up to itself. */
    private record Behind(KeyValues stored, int before) implements Visible {
        @Override
        public KeyValues keys(int row) {
            return stored;
        }

        @Override
        public int from(int row) {
            return 0;
        }

        @Override
        public int to(int row) {
            return before + row + 1;
        }
    }
}
