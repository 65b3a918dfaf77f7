package dev.loupe.train;

import dev.loupe.kernels.Processor;
import dev.loupe.kernels.Product;
import dev.loupe.kernels.Tensor;
import dev.loupe.kernels.Weight;
import dev.loupe.model.Gpt;
import dev.loupe.model.GptConfig;
import dev.loupe.model.Parameter;
import dev.loupe.model.Parameters;

import java.util.Arrays;

/**
 * How fast this machine multiplies large matrices, which nothing that trains can surpass: what a
 * run reaches of it is its model FLOPs utilization (Chowdhery et al. 2022, arXiv:2204.02311).
 */
public final class MatrixPeak {
    private static final int ROWS = 480;
    private static final int WIDTH = 1024;

    /** The vector kernels take over within this time. */
    private static final long LONGEST_NANOS = 1_500_000_000L;

    /** After so many products without a faster one there will be none. */
    private static final int PATIENCE = 12;

    private final Processor processor;
    private final Weight weight;
    private final Tensor x = Tensor.of(ROWS, WIDTH);
    private final Tensor y = Tensor.of(ROWS, WIDTH);
    private long best = Long.MAX_VALUE;

    public MatrixPeak(Processor processor) {
        this.processor = processor;
        float[][] panels = new float[WIDTH / Weight.PANEL][Weight.PANEL * WIDTH];
        for (float[] panel : panels) {
            Arrays.fill(panel, 0.5f);
        }
        weight = new Weight.Floats(WIDTH, WIDTH, panels);
        Arrays.fill(x.data(), 0.25f);
    }

    /**
     * Multiplies until it gets no faster, which takes some tenths of a second; the fastest product
     * since the beginning counts, for a machine that others use too shows its peak only now and
     * then.
     */
    public void measure() {
        long begin = System.nanoTime();
        int since = 0;
        while (since < PATIENCE && System.nanoTime() - begin < LONGEST_NANOS) {
            long start = System.nanoTime();
            Product.multiply(processor, x, weight, null, y);
            long took = System.nanoTime() - start;
            since = took < 0.98 * best || !processor.kernels().settled() ? 0 : since + 1;
            best = Math.min(best, took);
        }
    }

    /** Floating-point operations a second. */
    public double flops() {
        return 2.0 * ROWS * WIDTH * WIDTH / (best / 1e9);
    }

    /**
     * Which part of the peak training uses: six operations a token for each number of a matrix that
     * tokens are multiplied with (two forward, four backward; looking up an embedding multiplies
     * nothing), and as many for each pair of tokens and each number of a head's query. A token sees
     * half of the context on average. What is computed twice counts once.
     */
    public double utilization(Gpt gpt, double tokensPerSecond) {
        return operations(gpt) * tokensPerSecond / flops();
    }

    /** Floating-point operations of training on one token. */
    static double operations(Gpt gpt) {
        GptConfig config = gpt.config();
        long matrices = 0;
        for (Parameter parameter : Parameters.of(gpt)) {
            boolean looksUp =
                    switch (parameter.name()) {
                        case "position_embd.weight" -> true;
                        case "token_embd.weight" -> !config.embedding().tied();
                        default -> false;
                    };
            if (!parameter.isVector() && !looksUp) {
                matrices += parameter.size();
            }
        }
        double attention = 0;
        for (GptConfig.Layer layer : config.layers()) {
            int window = layer.window();
            int seen = window > 0 ? Math.min(window, config.nCtx()) : config.nCtx();
            attention += 6.0 * config.attention().queries() * seen;
        }
        return 6.0 * matrices + attention;
    }
}
