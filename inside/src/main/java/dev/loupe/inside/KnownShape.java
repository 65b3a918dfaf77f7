package dev.loupe.inside;

import dev.loupe.kernels.Activation;
import dev.loupe.kernels.Normalization;
import dev.loupe.model.GptConfig;

import java.util.Arrays;
import java.util.Collections;
import java.util.Locale;
import java.util.Optional;

/**
 * GPTs whose shape is known well enough to count their parameters without their weights: GPT-2 in
 * four sizes (Radford et al. 2019), and GPT-3 (Brown et al. 2020, arXiv:2005.14165, table 2.1),
 * whose weights nobody outside has.
 */
public enum KnownShape {
    GPT2(12, 12, 768, 1024),
    GPT2_MEDIUM(24, 16, 1024, 1024),
    GPT2_LARGE(36, 20, 1280, 1024),
    GPT2_XL(48, 25, 1600, 1024),
    GPT3(96, 96, 12_288, 2048);

    private static final int VOCAB = 50_257;

    private final int nLayer;
    private final int nHead;
    private final int nEmbd;
    private final int nCtx;

    KnownShape(int nLayer, int nHead, int nEmbd, int nCtx) {
        this.nLayer = nLayer;
        this.nHead = nHead;
        this.nEmbd = nEmbd;
        this.nCtx = nCtx;
    }

    /** As a user writes it: {@code gpt2-xl}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The shape of this label, in any case of letters. */
    public static Optional<KnownShape> named(String label) {
        String lower = label.toLowerCase(Locale.ROOT);
        return Arrays.stream(values()).filter(shape -> shape.label().equals(lower)).findFirst();
    }

    /** Everything about it but its weights. */
    public GptConfig config() {
        int headDim = nEmbd / nHead;
        return new GptConfig(
                "gpt2",
                nCtx,
                VOCAB,
                nEmbd,
                new GptConfig.Embedding(1, true, true),
                new GptConfig.Norms(Normalization.Kind.LAYER, 1e-5f, true, false),
                false,
                new GptConfig.Heads(
                        nHead, nHead, headDim, (float) (1 / Math.sqrt(headDim)), true, true, false),
                new GptConfig.Mlps(4 * nEmbd, Activation.GELU_TANH, false, true),
                Collections.nCopies(nLayer, new GptConfig.Layer(0, null)));
    }
}
