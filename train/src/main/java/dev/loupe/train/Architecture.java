package dev.loupe.train;

import dev.loupe.kernels.Activation;
import dev.loupe.kernels.Normalization;
import dev.loupe.model.GptConfig;
import dev.loupe.model.Rope;

import java.util.Collections;

/**
 * The shape of a model that is yet to be trained.
 *
 * @param style which family it is of
 * @param layers blocks
 * @param heads of queries
 * @param kvHeads of keys and values; as many as of queries in the style of GPT-2
 * @param width numbers in the residual stream, a multiple of the heads
 * @param inner neurons of an MLP
 * @param context how many tokens it sees
 */
public record Architecture(
        Style style, int layers, int heads, int kvHeads, int width, int inner, int context) {
    /** What all the rest follows from. */
    public enum Style {
        /** Layer norms, learned positions, GELU, biases; the unembedding is the token table. */
        GPT2,
        /** RMS norms, rotary positions, gated SiLU, no biases; the token table is shared too. */
        LLAMA
    }

    /**
     * Checks the shape.
     *
     * @throws DataException if there cannot be such a model
     */
    public Architecture {
        atLeastOne("layers", layers);
        atLeastOne("heads", heads);
        atLeastOne("kv-heads", kvHeads);
        atLeastOne("width", width);
        atLeastOne("inner", inner);
        atLeastOne("context", context);
        if (width % heads != 0) {
            throw new DataException(
                    "width %d cannot be divided among %d heads; take a width that is a multiple of %d"
                            .formatted(width, heads, heads));
        }
        if (heads % kvHeads != 0) {
            throw new DataException(
                    "%d heads cannot share %d heads of keys evenly".formatted(heads, kvHeads));
        }
        if (style == Style.GPT2 && kvHeads != heads) {
            throw new DataException("in GPT-2 each head has its own keys; leave --kv-heads out");
        }
        if (style == Style.LLAMA && width / heads % 2 != 0) {
            throw new DataException(
                    "heads of %d cannot be rotated in pairs; take an even width for each"
                            .formatted(width / heads));
        }
    }

    /** The usual size of an MLP; a gated one has three matrices instead of two. */
    public static int inner(Style style, int width) {
        return style == Style.GPT2 ? 4 * width : Math.max(16, width * 8 / 3 / 16 * 16);
    }

    private static void atLeastOne(String name, int value) {
        if (value < 1 || value > 1 << 20) {
            throw new DataException(name + ": found " + value + ", expected 1 to 1048576");
        }
    }

    /** The configuration of such a model. */
    public GptConfig config(int vocabSize) {
        boolean gpt2 = style == Style.GPT2;
        int headDim = width / heads;
        Rope rope = gpt2 ? null : new Rope(10_000, headDim, new Rope.Plain());
        return new GptConfig(
                gpt2 ? "gpt2" : "llama",
                context,
                vocabSize,
                width,
                new GptConfig.Embedding(1, gpt2, true),
                new GptConfig.Norms(
                        gpt2 ? Normalization.Kind.LAYER : Normalization.Kind.RMS,
                        1e-5f,
                        gpt2,
                        false),
                false,
                new GptConfig.Heads(
                        heads,
                        kvHeads,
                        headDim,
                        (float) (1 / Math.sqrt(headDim)),
                        gpt2,
                        gpt2,
                        false),
                new GptConfig.Mlps(
                        inner, gpt2 ? Activation.GELU_TANH : Activation.SILU, !gpt2, gpt2),
                Collections.nCopies(layers, new GptConfig.Layer(0, rope)));
    }
}
