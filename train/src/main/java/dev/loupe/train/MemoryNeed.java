package dev.loupe.train;

import dev.loupe.kernels.CrossEntropy;
import dev.loupe.kernels.Processor;
import dev.loupe.kernels.StoredRows;
import dev.loupe.kernels.Targets;
import dev.loupe.kernels.Tensor;
import dev.loupe.kernels.Weight;
import dev.loupe.model.Batch;
import dev.loupe.model.Gpt;
import dev.loupe.model.GptConfig;
import dev.loupe.model.GptLoader;
import dev.loupe.model.Gradients;
import dev.loupe.model.KvCache;
import dev.loupe.model.Parameters;
import dev.loupe.model.Tape;
import dev.loupe.model.Taps;

import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * How much memory training takes, in bytes, computed from shapes before a weight is made.
 *
 * @param weights weights, gradients and both moments of the optimiser, and averages if there are
 * @param perWindow activations and their gradients for a window of text
 * @param work room that products, attention, the cross-entropy and samples work in, and what a save
 *     leaves until it is collected
 */
public record MemoryNeed(long weights, long perWindow, long work) {
    /** The program itself: Java, compiled code, and what is young (measured). */
    private static final long PROGRAM = 190L << 20;

    private static final long FLOAT = Float.BYTES;

    /** Numbers of a matrix that are turned around at a time. */
    private static final long TURNED = 1 << 21;

    /** Tokens whose activations are laid out at a time for a gradient of weights. */
    private static final long TOGETHER = 1024;

    /** Tokens of a block of keys or queries. */
    private static final int BLOCK = 64;

    /**
     * Asks a tape. Each of its tensors has a row for each token, and each block as many as the
     * next: so it is enough to see it train one token with two blocks and with three.
     */
    public static MemoryNeed of(GptConfig config, Recipe recipe, int context, Processor processor) {
        long numbers = 0;
        long largest = 0;
        Initialization shapes = new Initialization(config, 0);
        for (String name : shapes.names()) {
            Optional<StoredRows> tensor = shapes.find(name);
            long size = tensor.map(t -> (long) t.rows() * t.cols()).orElse(0L);
            numbers += size;
            largest = Math.max(largest, size);
        }
        long copies = 4L + (recipe.average() > 0 ? 1 : 0);
        int rows = Math.multiplyExact(recipe.batch(), context);
        return new MemoryNeed(
                FLOAT * copies * numbers,
                FLOAT * context * perToken(config, recipe, processor),
                FLOAT * (work(config, rows, context, processor.threads().count()) + largest)
                        + Math.min(Garbage.SOME, FLOAT * numbers));
    }

    /** Bytes in all, with batches of so many windows. */
    public long total(int batch) {
        return PROGRAM + weights + perWindow * batch + work;
    }

    private static long perToken(GptConfig config, Recipe recipe, Processor processor) {
        int layers = config.nLayer();
        if (layers <= 2) {
            return observed(config, layers, recipe, processor);
        }
        long two = observed(config, 2, recipe, processor);
        long three = observed(config, 3, recipe, processor);
        return two + (three - two) * (layers - 2);
    }

    /** The numbers that a tape has room for when it trained one token. */
    private static long observed(GptConfig config, int layers, Recipe recipe, Processor processor) {
        GptConfig small =
                new GptConfig(
                        config.family(),
                        1,
                        Weight.PANEL,
                        config.nEmbd(),
                        config.embedding(),
                        config.norm(),
                        config.parallel(),
                        config.attention(),
                        config.mlp(),
                        Collections.nCopies(layers, config.layers().getFirst()));
        Gpt gpt = GptLoader.load(small, new Initialization(small, 0), processor.threads());
        Tape.Blocks blocks = recipe.recompute() ? Tape.Blocks.RECOMPUTE : Tape.Blocks.KEEP;
        Tape tape = new Tape(processor, new Gradients(Parameters.of(gpt)), blocks, Taps.NONE);
        tape.dropout(recipe.dropout(), 0);
        Batch batch = new Batch(List.of(new Batch.Part(KvCache.none(), false, new int[] {0})));
        Tensor loss = gpt.loss(tape, batch, Targets.mean(new int[] {0}));
        tape.backward(loss);
        return tape.room();
    }

    private static long work(GptConfig config, int rows, int context, int threads) {
        GptConfig.Heads heads = config.attention();
        long widest = Math.max(config.nEmbd(), config.mlp().nInner());
        long turned = Math.min(TURNED, widest * Math.max(config.nEmbd(), config.vocabSize()));
        long strips = Math.min(TURNED, Math.min(rows, TOGETHER) * widest);
        long products = (256 + widest) * 64;
        long queries = (long) context * (heads.nHead() / heads.nKvHead()) + BLOCK;
        long attention = queries * (5L * heads.headDim() + 2) + 3L * BLOCK * BLOCK;
        long sample = 2L * config.nLayer() * heads.keys() * Math.min(context, 512);
        return CrossEntropy.room(rows, config.vocabSize())
                + turned
                + strips
                + threads * (products + attention)
                + sample;
    }

    /**
     * Refuses what does not fit.
     *
     * @param available bytes that there are
     * @throws DataException with what would fit
     */
    void check(GptConfig config, Recipe recipe, int context, Processor processor, long available) {
        long needed = total(recipe.batch());
        if (needed <= available) {
            return;
        }
        throw new DataException(
                "training this takes %,d MB of memory, and there are %,d; %s"
                        .formatted(
                                needed >> 20,
                                available >> 20,
                                advice(config, recipe, context, processor, available)));
    }

    private String advice(
            GptConfig config, Recipe recipe, int context, Processor processor, long available) {
        int fits = (int) Math.min(recipe.batch(), batch(available));
        if (fits >= 1) {
            return "--batch %d --accumulate %d would fit"
                    .formatted(fits, (recipe.batch() * recipe.accumulation() + fits - 1) / fits);
        }
        if (weights + PROGRAM < available) {
            MemoryNeed twice = of(config, recipe.withRecompute(), context, processor);
            int then = (int) Math.min(recipe.batch(), twice.batch(available));
            if (then >= 1) {
                return "--recompute --batch %d would fit".formatted(then);
            }
            return "not even one window of %d tokens fits; take a shorter --context"
                    .formatted(context);
        }
        long most = Math.max(0, available - PROGRAM) / (4 * FLOAT);
        return "its %,d million parameters take 16 bytes each; at most %,d million would fit"
                .formatted(weights / (4 * FLOAT) / 1_000_000, most / 1_000_000);
    }

    private long batch(long available) {
        return (available - PROGRAM - weights - work) / Math.max(1, perWindow);
    }
}
