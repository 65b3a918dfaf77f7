package dev.loupe.inside;

import dev.loupe.model.Block;
import dev.loupe.model.Gpt;
import dev.loupe.model.GptConfig;
import dev.loupe.model.Site;

/**
 * The kinds of hooks, in the order of the data, with the names that TransformerLens made standard
 * ({@code N} stands for the block).
 */
enum HookKind {
    EMBED("hook_embed", Site.EMBED, Layout.STREAM),
    POS_EMBED("hook_pos_embed", Site.POS_EMBED, Layout.STREAM),
    RESID_PRE("blocks.N.hook_resid_pre", Site.RESID_PRE, Layout.STREAM),
    LN1_SCALE("blocks.N.ln1.hook_scale", Site.RESID_PRE, Layout.SCALE),
    LN1_NORMALIZED("blocks.N.ln1.hook_normalized", Site.NORMALIZED1, Layout.STREAM),
    Q("blocks.N.attn.hook_q", Site.Q, Layout.HEADS),
    K("blocks.N.attn.hook_k", Site.K, Layout.KEY_HEADS),
    V("blocks.N.attn.hook_v", Site.V, Layout.KEY_HEADS),
    ROT_Q("blocks.N.attn.hook_rot_q", Site.ROT_Q, Layout.HEADS),
    ROT_K("blocks.N.attn.hook_rot_k", Site.ROT_K, Layout.KEY_HEADS),
    ATTN_SCORES("blocks.N.attn.hook_attn_scores", Site.SCORES, Layout.ATTENTION),
    PATTERN("blocks.N.attn.hook_pattern", Site.PATTERN, Layout.ATTENTION),
    Z("blocks.N.attn.hook_z", Site.Z, Layout.HEADS),
    RESULT("blocks.N.attn.hook_result", Site.Z, Layout.RESULTS),
    ATTN_OUT("blocks.N.hook_attn_out", Site.ATTN_OUT, Layout.STREAM),
    RESID_MID("blocks.N.hook_resid_mid", Site.RESID_MID, Layout.STREAM),
    LN2_SCALE("blocks.N.ln2.hook_scale", Site.RESID_MID, Layout.SCALE),
    LN2_NORMALIZED("blocks.N.ln2.hook_normalized", Site.NORMALIZED2, Layout.STREAM),
    MLP_PRE("blocks.N.mlp.hook_pre", Site.MLP_PRE, Layout.NEURONS),
    MLP_PRE_LINEAR("blocks.N.mlp.hook_pre_linear", Site.MLP_PRE_LINEAR, Layout.NEURONS),
    MLP_POST("blocks.N.mlp.hook_post", Site.MLP_POST, Layout.NEURONS),
    MLP_OUT("blocks.N.hook_mlp_out", Site.MLP_OUT, Layout.STREAM),
    RESID_POST("blocks.N.hook_resid_post", Site.RESID_POST, Layout.STREAM),
    FINAL_SCALE("ln_final.hook_scale", Site.RESID_POST, Layout.SCALE),
    FINAL_NORMALIZED("ln_final.hook_normalized", Site.FINAL, Layout.STREAM);

    /** What the axes of an array are. */
    enum Layout {
        /** {@code [token, nEmbd]}. */
        STREAM,
        /** {@code [token, 1]}. */
        SCALE,
        /** {@code [token, nHead, headDim]}. */
        HEADS,
        /** {@code [token, nKvHead, headDim]}. */
        KEY_HEADS,
        /** {@code [nHead, query, key]}. */
        ATTENTION,
        /** {@code [token, nHead, nEmbd]}. */
        RESULTS,
        /** {@code [token, nInner]}. */
        NEURONS
    }

    private final String pattern;
    private final Site site;
    private final Layout layout;

    HookKind(String pattern, Site site, Layout layout) {
        this.pattern = pattern;
        this.site = site;
        this.layout = layout;
    }

    /** The name, with {@code N} for the block. */
    String pattern() {
        return pattern;
    }

    Layout layout() {
        return layout;
    }

    boolean inBlocks() {
        return pattern.startsWith("blocks.");
    }

    /** Where the numbers come from. */
    Site site(GptConfig config) {
        return this == LN2_SCALE && config.parallel() ? Site.RESID_PRE : site;
    }

    /** The layer that taps know the site by. */
    int tappedLayer(GptConfig config, int layer) {
        return this == FINAL_SCALE ? config.nLayer() - 1 : layer;
    }

    /** Whether a model has hooks of this kind. */
    boolean in(Gpt gpt) {
        Block block = gpt.blocks().getFirst();
        return switch (this) {
            case POS_EMBED -> gpt.wpe() != null;
            case ROT_Q, ROT_K -> block.attn().rotation() != null;
            case LN1_SCALE, LN1_NORMALIZED -> block.ln1() != null;
            case LN2_SCALE, LN2_NORMALIZED -> block.ln2() != null;
            case MLP_PRE_LINEAR -> block.mlp().gated();
            case EMBED,
                    RESID_PRE,
                    Q,
                    K,
                    V,
                    ATTN_SCORES,
                    PATTERN,
                    Z,
                    RESULT,
                    ATTN_OUT,
                    RESID_MID,
                    MLP_PRE,
                    MLP_POST,
                    MLP_OUT,
                    RESID_POST,
                    FINAL_SCALE,
                    FINAL_NORMALIZED ->
                    true;
        };
    }
}
