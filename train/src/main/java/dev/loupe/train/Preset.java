package dev.loupe.train;

import dev.loupe.train.Architecture.Style;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** Shapes with a recipe that suits them. */
public enum Preset {
    /** nanoGPT's recipe for a processor without a graphics card: characters of Shakespeare. */
    NANOGPT_CPU(Style.GPT2, 4, 4, 4, 128, 64, 12, 2000, 1e-3, 100, 0.99, Tokens.CHARACTERS),
    /** Ten million weights, for an hour. */
    GPT2_NANO(Style.GPT2, 6, 6, 6, 384, 256, 16, 5000, 1e-3, 100, 0.99, Tokens.BPE),
    /** The smallest GPT-2. */
    GPT2_SMALL(Style.GPT2, 12, 12, 12, 768, 1024, 8, 100_000, 6e-4, 2000, 0.95, Tokens.BPE),
    /** A Llama of a few million weights. */
    LLAMA_NANO(Style.LLAMA, 6, 8, 4, 256, 256, 16, 5000, 1e-3, 100, 0.99, Tokens.BPE);

    /** What a model's tokens are made of unless one says so. */
    public enum Tokens {
        BPE,
        CHARACTERS,
        BYTES
    }

    private final Style style;
    private final int layers;
    private final int heads;
    private final int kvHeads;
    private final int width;
    private final int context;
    private final int batch;
    private final long steps;
    private final double rate;
    private final long warmUp;
    private final double beta2;
    private final Tokens tokens;

    Preset(
            Style style,
            int layers,
            int heads,
            int kvHeads,
            int width,
            int context,
            int batch,
            long steps,
            double rate,
            long warmUp,
            double beta2,
            Tokens tokens) {
        this.style = style;
        this.layers = layers;
        this.heads = heads;
        this.kvHeads = kvHeads;
        this.width = width;
        this.context = context;
        this.batch = batch;
        this.steps = steps;
        this.rate = rate;
        this.warmUp = warmUp;
        this.beta2 = beta2;
        this.tokens = tokens;
    }

    /** As a user writes it: {@code nanogpt-cpu}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** All labels, for errors and help. */
    public static String labels() {
        return Arrays.stream(values()).map(Preset::label).collect(Collectors.joining(", "));
    }

    public Architecture architecture() {
        int inner = Architecture.inner(style, width);
        return new Architecture(style, layers, heads, kvHeads, width, inner, context);
    }

    public Tokens tokens() {
        return tokens;
    }

    public int batch() {
        return batch;
    }

    public long steps() {
        return steps;
    }

    public double rate() {
        return rate;
    }

    public long warmUp() {
        return warmUp;
    }

    public double beta2() {
        return beta2;
    }
}
