package dev.loupe.inside;

import dev.loupe.model.GptConfig;
import dev.loupe.model.Site;

import java.util.List;
import java.util.Objects;

/**
 * A place in a model, by the name that TransformerLens gave it: {@code blocks.3.attn.hook_pattern}.
 * {@link Hooks} has those of a model.
 *
 * <p>Shapes: the residual stream and what reads or writes it are {@code [token, nEmbd]}; queries
 * and mixed values {@code [token, nHead, headDim]}; keys and values {@code [token, nKvHead,
 * headDim]}; scores (scaled, masked by minus infinity) and pattern {@code [nHead, query, key]};
 * results of heads {@code [token, nHead, nEmbd]}; neurons {@code [token, nInner]}; scales of norms,
 * which are what a norm divides by, {@code [token, 1]}. A hook called {@code normalized} has the
 * norm's weight and bias in it.
 */
public final class Hook {
    private final HookKind kind;
    private final int layer;

    Hook(HookKind kind, int layer) {
        this.kind = kind;
        this.layer = layer;
    }

    HookKind kind() {
        return kind;
    }

    /** The block, from 0; 0 for places outside of the blocks. */
    public int layer() {
        return layer;
    }

    /** {@code blocks.3.attn.hook_pattern}. */
    public String name() {
        return kind.pattern().replace("N", Integer.toString(layer));
    }

    /** What the forward pass calls the place; some hooks are computed from what is seen there. */
    public Site site(GptConfig config) {
        return kind.site(config);
    }

    /** What the axes of its array are: {@code token, nHead, headDim}. */
    public List<String> axes() {
        return switch (kind.layout()) {
            case STREAM -> List.of("token", "nEmbd");
            case SCALE -> List.of("token", "1");
            case HEADS -> List.of("token", "nHead", "headDim");
            case KEY_HEADS -> List.of("token", "nKvHead", "headDim");
            case ATTENTION -> List.of("nHead", "query", "key");
            case RESULTS -> List.of("token", "nHead", "nEmbd");
            case NEURONS -> List.of("token", "nInner");
        };
    }

    /** The shape of what it sees of so many tokens, which look at so many keys. */
    int[] shape(GptConfig config, int tokens, int keys) {
        int nHead = config.attention().nHead();
        int headDim = config.attention().headDim();
        return switch (kind.layout()) {
            case STREAM -> new int[] {tokens, config.nEmbd()};
            case SCALE -> new int[] {tokens, 1};
            case HEADS -> new int[] {tokens, nHead, headDim};
            case KEY_HEADS -> new int[] {tokens, config.attention().nKvHead(), headDim};
            case ATTENTION -> new int[] {nHead, tokens, keys};
            case RESULTS -> new int[] {tokens, nHead, config.nEmbd()};
            case NEURONS -> new int[] {tokens, config.mlp().nInner()};
        };
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Hook hook && hook.kind == kind && hook.layer == layer;
    }

    @Override
    public int hashCode() {
        return Objects.hash(kind, layer);
    }

    @Override
    public String toString() {
        return name();
    }
}
