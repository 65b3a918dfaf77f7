package dev.loupe.bench;

import dev.loupe.kernels.Activation;
import dev.loupe.kernels.Normalization;
import dev.loupe.kernels.Processor;
import dev.loupe.kernels.SelfAttention.Heads;
import dev.loupe.kernels.Targets;
import dev.loupe.kernels.TensorType;
import dev.loupe.kernels.Weight;
import dev.loupe.model.Batch;
import dev.loupe.model.Block;
import dev.loupe.model.Gpt;
import dev.loupe.model.GptConfig;
import dev.loupe.model.Gradients;
import dev.loupe.model.KvCache;
import dev.loupe.model.Linear;
import dev.loupe.model.Norm;
import dev.loupe.model.Parameters;
import dev.loupe.model.Tape;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * Tokens a second of a forward and a backward pass through GPTs of GPT-2's kind, in 32-bit floats:
 * the median of some seconds, after three times as many to warm up. {@code bench/training} runs it
 * beside PyTorch.
 */
final class TrainingSpeed {
    /** A model and what it is trained on at a time. */
    private record Shape(int nLayer, int nHead, int nEmbd, int vocabSize, int nCtx, int batch) {
        static Shape of(String name) {
            return switch (name) {
                case "4x128" -> new Shape(4, 4, 128, 65, 64, 12);
                case "6x384" -> new Shape(6, 6, 384, 65, 256, 16);
                case "12x768" -> new Shape(12, 12, 768, 50257, 512, 2);
                default ->
                        throw new IllegalArgumentException(
                                "shape: found " + name + ", expected 4x128, 6x384 or 12x768");
            };
        }
    }

    private static final int WARM = 3;

    private final Shape shape;
    private final Processor processor;

    private TrainingSpeed(Shape shape, Processor processor) {
        this.shape = shape;
        this.processor = processor;
    }

    /** Arguments: threads, seconds, shape. Prints a number. */
    public static void main(String[] args) {
        try (Processor processor = Processor.of(Integer.parseInt(args[0]))) {
            double seconds = Double.parseDouble(args[1]);
            double rate = new TrainingSpeed(Shape.of(args[2]), processor).rate(seconds);
            System.out.println(String.format(Locale.ROOT, "%.1f", rate));
        }
    }

    private double rate(double seconds) {
        Gpt gpt = gpt();
        Gradients gradients = new Gradients(Parameters.of(gpt));
        Tape tape = new Tape(processor, gradients);
        Random random = new Random(1);
        List<Double> times = new ArrayList<>();
        long start = System.nanoTime();
        // for some fifteen seconds the JIT compiler takes a processor of its own
        long warm = start + (long) (WARM * seconds * 1e9);
        while (System.nanoTime() < warm + (long) (seconds * 1e9) || times.size() < 3) {
            List<Batch.Part> parts = new ArrayList<>();
            for (int i = 0; i < shape.batch; i++) {
                int[] ids = random.ints(shape.nCtx, 0, shape.vocabSize).toArray();
                parts.add(new Batch.Part(KvCache.none(), false, ids));
            }
            int rows = shape.batch * shape.nCtx;
            int[] targets = random.ints(rows, 0, shape.vocabSize).toArray();
            long before = System.nanoTime();
            gradients.clear(processor);
            tape.backward(gpt.loss(tape, new Batch(parts), Targets.mean(targets)));
            if (before > warm) {
                times.add((System.nanoTime() - before) / 1e9);
            }
        }
        double[] sorted = times.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return shape.batch * shape.nCtx / sorted[sorted.length / 2];
    }

    private Gpt gpt() {
        int n = shape.nEmbd;
        GptConfig.Layer[] layers = new GptConfig.Layer[shape.nLayer];
        Arrays.fill(layers, new GptConfig.Layer(0, null));
        float scale = (float) (1 / Math.sqrt((double) n / shape.nHead));
        GptConfig config =
                new GptConfig(
                        "gpt2",
                        shape.nCtx,
                        shape.vocabSize,
                        n,
                        new GptConfig.Embedding(1, true, true),
                        new GptConfig.Norms(Normalization.Kind.LAYER, 1e-5f, true, false),
                        false,
                        new GptConfig.Heads(
                                shape.nHead,
                                shape.nHead,
                                n / shape.nHead,
                                scale,
                                true,
                                true,
                                false),
                        new GptConfig.Mlps(4 * n, Activation.GELU_TANH, false, true),
                        List.of(layers));
        Weight wte = weight(shape.vocabSize, n);
        List<Block> blocks = new ArrayList<>();
        for (int layer = 0; layer < shape.nLayer; layer++) {
            Heads heads = new Heads(shape.nHead, n / shape.nHead, scale);
            blocks.add(
                    new Block(
                            layer,
                            false,
                            norm(n),
                            new Block.Attention(
                                    linear(3 * n, n), linear(n, n), null, null, null, heads, n, 0),
                            null,
                            norm(n),
                            new Block.Mlp(
                                    linear(4 * n, n),
                                    linear(n, 4 * n),
                                    false,
                                    Activation.GELU_TANH),
                            null));
        }
        Linear head = new Linear(wte, null);
        return new Gpt(config, wte, weight(shape.nCtx, n), blocks, norm(n), head);
    }

    private Weight weight(int rows, int cols) {
        Weight.Floats weight =
                (Weight.Floats) Matrices.weight(TensorType.F32, rows, cols, processor.threads());
        for (float[] panel : weight.data()) {
            for (int i = 0; i < panel.length; i++) {
                // as large as those of a fresh model
                panel[i] *= 0.07f;
            }
        }
        return weight;
    }

    private Linear linear(int rows, int cols) {
        return new Linear(weight(rows, cols), new float[rows]);
    }

    private static Norm norm(int n) {
        float[] ones = new float[n];
        Arrays.fill(ones, 1);
        return new Norm(Normalization.Kind.LAYER, ones, new float[n], 1e-5f);
    }
}
