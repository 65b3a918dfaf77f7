package dev.loupe.model;

import dev.loupe.kernels.Activation;
import dev.loupe.kernels.Normalization;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * Everything about a GPT but its weights. A family of models (GPT-2, Llama, Qwen...) is a value of
 * this type, never a class.
 *
 * @param family what the family calls itself ({@code model_type} or {@code general.architecture})
 * @param nCtx how many tokens the model was made for
 * @param vocabSize how many tokens it tells apart
 * @param nEmbd numbers in the residual stream
 * @param embedding how tokens enter and logits leave
 * @param norm every normalisation
 * @param parallel true where attention and MLP both read the block's input, as in GPT-NeoX
 * @param attention every attention
 * @param mlp every MLP
 * @param layers what differs from block to block, one entry a block
 */
public record GptConfig(
        String family,
        int nCtx,
        int vocabSize,
        int nEmbd,
        Embedding embedding,
        Norms norm,
        boolean parallel,
        Heads attention,
        Mlps mlp,
        List<Layer> layers) {

    /** More blocks than any model has; a bound on what a broken file can ask for. */
    public static final int MOST_LAYERS = 4096;

    /** More of anything than a model has; products of two such numbers fit a long. */
    private static final int LARGEST = 1 << 28;

    public GptConfig {
        layers = List.copyOf(layers);
        atLeastOne("nCtx", nCtx);
        atLeastOne("vocabSize", vocabSize);
        atLeastOne("nEmbd", nEmbd);
        within("nLayer", layers.size(), 1, MOST_LAYERS);
        for (Layer layer : layers) {
            if (layer.rope() != null && layer.rope().dims() > attention.headDim()) {
                throw new IllegalArgumentException(
                        "rope dimensions: found %d, expected at most the %d of a head"
                                .formatted(layer.rope().dims(), attention.headDim()));
            }
        }
    }

    public int nLayer() {
        return layers.size();
    }

    /**
     * How tokens enter and logits leave.
     *
     * @param scale what token vectors are multiplied by
     * @param learnedPositions true if a table of positions is added to them
     * @param tied true if the unembedding is the table of tokens itself
     */
    public record Embedding(float scale, boolean learnedPositions, boolean tied) {}

    /**
     * Every normalisation.
     *
     * @param bias true if it has a bias
     * @param after true if what attention and MLP write is normalised too, as in Gemma
     */
    public record Norms(Normalization.Kind kind, float eps, boolean bias, boolean after) {
        public Norms {
            if (!(eps >= 0 && eps < 1)) {
                throw new IllegalArgumentException(
                        "norm epsilon: found " + eps + ", expected 0 to 1");
            }
        }
    }

    /**
     * Every attention.
     *
     * @param nHead heads of queries
     * @param nKvHead heads of keys and values, which those share evenly
     * @param headDim numbers in a head
     * @param scale what a product of query and key is multiplied by
     * @param bias true if query, key and value have a bias
     * @param outBias true if the output has one
     * @param qkNorm true if each head's query and key are normalised
     */
    public record Heads(
            int nHead,
            int nKvHead,
            int headDim,
            float scale,
            boolean bias,
            boolean outBias,
            boolean qkNorm) {
        public Heads {
            atLeastOne("nHead", nHead);
            atLeastOne("nKvHead", nKvHead);
            atLeastOne("headDim", headDim);
            if (nHead % nKvHead != 0) {
                throw new IllegalArgumentException(
                        "nHead: found %d, expected a multiple of the %d heads of keys"
                                .formatted(nHead, nKvHead));
            }
            if (!Float.isFinite(scale)) {
                throw new IllegalArgumentException(
                        "attention scale: found " + scale + ", expected a finite number");
            }
            within("nHead", nHead, 1, 1 << 16);
            within("headDim", headDim, 1, 1 << 14);
        }

        /** Numbers in all queries of a token. */
        public int queries() {
            return nHead * headDim;
        }

        /** Numbers in all keys of a token, and in all values. */
        public int keys() {
            return nKvHead * headDim;
        }
    }

    /**
     * Every MLP.
     *
     * @param nInner neurons
     * @param gated true if a second matrix gates them, {@code f(gate x) * (up x)}
     * @param bias true if its matrices have a bias
     */
    public record Mlps(int nInner, Activation activation, boolean gated, boolean bias) {
        public Mlps {
            atLeastOne("nInner", nInner);
        }
    }

    /**
     * What differs from block to block.
     *
     * @param window how many positions attention looks back, its own included; 0: all
     * @param rope how queries and keys are turned by their position, or null
     */
    public record Layer(int window, @Nullable Rope rope) {
        public Layer {
            if (window < 0) {
                throw new IllegalArgumentException(
                        "sliding window: found " + window + ", expected 0 or more");
            }
        }
    }

    private static void atLeastOne(String field, int value) {
        within(field, value, 1, LARGEST);
    }

    /**
     * Gives {@code value} back.
     *
     * @throws IllegalArgumentException if it is not within the bounds, both included
     */
    public static int within(String field, int value, int least, int most) {
        if (value < least || value > most) {
            String bounds = value < least ? "at least " + least : "at most " + most;
            throw new IllegalArgumentException(field + ": found " + value + ", expected " + bounds);
        }
        return value;
    }
}
