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
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Products of square f32 matrices. Prints the GFLOPS of each size as a JSON array: the median of
 * what one second holds, after half a second of warming up. The weight is packed before, as a
 * model's weights are when it is loaded.
 */
final class FloatProducts {
    static final List<Integer> SIZES = List.of(512, 1024, 2048);

    /** The same for PyTorch; its arguments are the threads. */
    static final String PYTORCH =
            """
            import json, sys, time, torch
            torch.set_num_threads(int(sys.argv[1]))
            figures = []
            with torch.inference_mode():
                for n in %s:
                    x, w, y = torch.rand(n, n) - 0.5, torch.rand(n, n) - 0.5, torch.empty(n, n)
                    times, start = [], time.perf_counter()
                    while time.perf_counter() - start < 1.5:
                        before = time.perf_counter()
                        torch.mm(x, w.T, out=y)
                        if before - start > 0.5:
                            times.append(time.perf_counter() - before)
                    figures.append(2 * n**3 / sorted(times)[len(times) // 2] / 1e9)
            print(json.dumps(figures))
            """
                    .formatted(SIZES);

    private FloatProducts() {}

    /** Argument: threads. */
    public static void main(String[] args) {
        try (Processor processor =
                new Processor(Kernels.vectors(), new Threads(Integer.parseInt(args[0])))) {
            System.out.println(
                    SIZES.stream()
                            .map(n -> String.format(Locale.ROOT, "%.2f", rate(processor, n)))
                            .collect(Collectors.joining(",", "[", "]")));
        }
    }

    private static double rate(Processor processor, int n) {
        Weight weight = Matrices.weight(TensorType.F32, n, n, processor.threads());
        Tensor x = Matrices.tensor(n, n, 0);
        Tensor y = Tensor.of(n, n);
        List<Long> times = new ArrayList<>();
        long start = System.nanoTime();
        for (long now = start; now - start < 1_500_000_000L; now = System.nanoTime()) {
            Product.multiply(processor, x, weight, null, y);
            if (now - start > 500_000_000L) {
                times.add(System.nanoTime() - now);
            }
        }
        long[] sorted = times.stream().mapToLong(Long::longValue).toArray();
        Arrays.sort(sorted);
        return 2.0 * n * n * n / sorted[sorted.length / 2];
    }
}
