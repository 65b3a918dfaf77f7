package dev.loupe.bench;

import dev.loupe.kernels.Kernels;
import dev.loupe.kernels.Processor;
import dev.loupe.kernels.Product;
import dev.loupe.kernels.Tensor;
import dev.loupe.kernels.TensorType;
import dev.loupe.kernels.Threads;
import dev.loupe.kernels.Weight;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A program that prints how fast small products follow each other while other threads want the same
 * processors. A pass is what one token of a model of 30 layers asks for: 120 products of 576 by
 * 576. A fair machine gives a program that wants {@code t} of {@code p} processors beside {@code b}
 * busy threads {@code p / (t + b)} of what it gives it alone, if it were as parallel as can be.
 *
 * <p>Arguments: threads (default: as many as there are processors), seconds for each line.
 */
public final class BusyMachine {
    private static final int SIZE = 576;
    private static final int PRODUCTS = 120;

    private BusyMachine() {}

    public static void main(String[] args) throws InterruptedException {
        int processors = Runtime.getRuntime().availableProcessors();
        int threads = args.length > 0 ? Integer.parseInt(args[0]) : processors;
        double seconds = args.length > 1 ? Double.parseDouble(args[1]) : 3;
        System.out.printf("%d processors, %d threads%n", processors, threads);
        try (Processor processor = new Processor(Kernels.vectors(), new Threads(threads))) {
            Weight weight = Matrices.weight(TensorType.Q8_0, SIZE, SIZE, processor.threads());
            measure(processor, weight, 3);
            for (int busy : new int[] {0, processors / 2, processors, 2 * processors, 0}) {
                List<Thread> others = new ArrayList<>();
                for (int i = 0; i < busy; i++) {
                    others.add(Thread.ofPlatform().daemon().start(BusyMachine::spin));
                }
                double[] passes = measure(processor, weight, seconds);
                others.forEach(Thread::interrupt);
                for (Thread other : others) {
                    other.join();
                }
                System.out.printf(
                        "%2d busy threads: %7.1f passes/s; a pass takes %.2f ms at the median, %.2f"
                                + " at 99%%, %.2f at worst%n",
                        busy,
                        passes.length / (Arrays.stream(passes).sum() / 1000),
                        passes[passes.length / 2],
                        passes[passes.length * 99 / 100],
                        passes[passes.length - 1]);
            }
        }
    }

    /** Milliseconds of each pass, sorted. */
    private static double[] measure(Processor processor, Weight weight, double seconds) {
        Tensor x = Matrices.tensor(1, SIZE, 1);
        Tensor y = Tensor.of(1, SIZE, 1);
        List<Double> passes = new ArrayList<>();
        long end = System.nanoTime() + (long) (seconds * 1e9);
        for (long start = System.nanoTime(); start < end; ) {
            for (int i = 0; i < PRODUCTS; i++) {
                Product.multiply(processor, x, weight, null, y);
            }
            long now = System.nanoTime();
            passes.add((now - start) / 1e6);
            start = now;
        }
        return passes.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    }

    private static void spin() {
        while (!Thread.currentThread().isInterrupted()) {
            Thread.onSpinWait();
        }
    }
}
