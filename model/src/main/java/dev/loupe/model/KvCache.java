package dev.loupe.model;

import dev.loupe.kernels.KeyValues;
import dev.loupe.kernels.KvType;
import dev.loupe.kernels.Processor;
import dev.loupe.kernels.Tensor;

/**
 * What attention remembers of one sequence: the keys and values of its tokens, in every layer. It
 * owns the positions: the next token stands at {@link #length()}.
 */
public final class KvCache {
    private final KeyValues[] layers;
    private final boolean remembers;
    private int length;

    /** One that keeps floats. */
    public KvCache(GptConfig config) {
        this(config, KvType.F32);
    }

    /**
     * @param type how keys and values are kept; it changes results a little
     */
    public KvCache(GptConfig config, KvType type) {
        int heads = config.attention().nKvHead();
        int headDim = config.attention().headDim();
        layers = new KeyValues[config.nLayer()];
        for (int i = 0; i < layers.length; i++) {
            layers[i] = new KeyValues(heads, headDim, type);
        }
        remembers = true;
    }

    private KvCache() {
        layers = new KeyValues[0];
        remembers = false;
    }

    /**
     * One that remembers nothing, for a sequence that is there as a whole: the only kind through
     * which gradients flow.
     */
    public static KvCache none() {
        return new KvCache();
    }

    /** Whether tokens find here what came before them. */
    public boolean remembers() {
        return remembers;
    }

    /** How many tokens it remembers. */
    public int length() {
        return length;
    }

    /**
     * Forgets all tokens from position {@code length} on.
     *
     * @throws IllegalArgumentException if there are fewer
     */
    public void truncate(int length) {
        if (length < 0 || length > this.length) {
            throw new IllegalArgumentException(
                    "length: found " + length + ", expected 0 to " + this.length);
        }
        this.length = length;
    }

    /** How many bytes the keys and values take. */
    public long bytes() {
        long bytes = 0;
        for (KeyValues layer : layers) {
            bytes += layer.bytes();
        }
        return bytes;
    }

    KeyValues extend(Processor processor, int layer, Tensor k, Tensor v, int headDim) {
        if (!remembers) {
            KeyValues once = new KeyValues(k.cols() / headDim, headDim);
            once.put(processor, 0, k, v);
            return once;
        }
        layers[layer].put(processor, length, k, v);
        return layers[layer];
    }

    void advance(int tokens) {
        length += remembers ? tokens : 0;
    }
}
