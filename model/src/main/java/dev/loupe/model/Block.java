package dev.loupe.model;

import dev.loupe.kernels.Activation;
import dev.loupe.kernels.Rotation;
import dev.loupe.kernels.SelfAttention.Heads;
import dev.loupe.kernels.SelfAttention.Visible;
import dev.loupe.kernels.Tensor;

import org.jspecify.annotations.Nullable;

/**
 * One block: {@code x += attn(norm(x)); x += mlp(norm(x))}, in all its variants. A norm that a
 * family lacks is null and does nothing.
 *
 * @param layer which block, from 0
 * @param parallel true if the MLP reads what attention read
 * @param ln1 before attention
 * @param postAttn after attention
 * @param ln2 before the MLP
 * @param postMlp after the MLP
 */
public record Block(
        int layer,
        boolean parallel,
        @Nullable Norm ln1,
        Attention attn,
        @Nullable Norm postAttn,
        @Nullable Norm ln2,
        Mlp mlp,
        @Nullable Norm postMlp) {

    /** {@code [token, nEmbd] -> [token, nEmbd]}. */
    public Tensor forward(Ops ops, Tensor input, Batch batch) {
        Tensor x = ops.tap(Site.RESID_PRE, layer, input);
        Tensor n1 = ops.tap(Site.NORMALIZED1, layer, ops.norm(x, ln1));
        Tensor a = ops.norm(attn.forward(ops, n1, batch, layer), postAttn);
        Tensor mid = ops.tap(Site.RESID_MID, layer, ops.add(x, ops.tap(Site.ATTN_OUT, layer, a)));
        Tensor n2 = ops.tap(Site.NORMALIZED2, layer, ops.norm(parallel ? x : mid, ln2));
        Tensor m = ops.norm(mlp.forward(ops, n2, layer), postMlp);
        return ops.tap(Site.RESID_POST, layer, ops.add(mid, ops.tap(Site.MLP_OUT, layer, m)));
    }

    /**
     * Each token asks earlier ones, and takes from them what it asked for.
     *
     * @param qkv queries, keys and values from one product, {@code [queries + 2 keys, nEmbd]}
     * @param out {@code [nEmbd, queries]}
     * @param qNorm of each head's query, or null
     * @param kNorm of each head's key, or null
     * @param rotation by position, or null
     * @param keyWidth numbers in all keys of a token
     * @param window how many positions it looks back; 0: all
     */
    public record Attention(
            Linear qkv,
            Linear out,
            @Nullable Norm qNorm,
            @Nullable Norm kNorm,
            @Nullable Rotation rotation,
            Heads heads,
            int keyWidth,
            int window) {

        /** {@code [token, nEmbd] -> [token, nEmbd]}. */
        Tensor forward(Ops ops, Tensor x, Batch batch, int layer) {
            int width = heads.nHead() * heads.headDim();
            Tensor all = ops.linear(x, qkv);
            Tensor q = ops.tap(Site.Q, layer, all.columns(0, width));
            Tensor k = ops.tap(Site.K, layer, all.columns(width, keyWidth));
            Tensor v = ops.tap(Site.V, layer, all.columns(width + keyWidth, keyWidth));
            q =
                    ops.tap(
                            Site.ROT_Q,
                            layer,
                            ops.rope(ops.norm(q, qNorm), rotation, batch.positions()));
            k =
                    ops.tap(
                            Site.ROT_K,
                            layer,
                            ops.rope(ops.norm(k, kNorm), rotation, batch.positions()));
            Visible visible = ops.remember(batch, layer, k, v, window);
            Tensor z = ops.attend(q, visible, heads, batch, layer);
            return ops.linear(ops.tap(Site.Z, layer, z), out);
        }
    }

    /**
     * Each token by itself: many questions asked of its vector, and what follows from the answers.
     *
     * @param up {@code [nInner, nEmbd]}; gated: {@code [2 nInner, nEmbd]}, the gate first
     * @param down {@code [nEmbd, nInner]}
     */
    public record Mlp(Linear up, Linear down, boolean gated, Activation activation) {

        /** {@code [token, nEmbd] -> [token, nEmbd]}. */
        Tensor forward(Ops ops, Tensor x, int layer) {
            Tensor all = ops.linear(x, up);
            int nInner = gated ? all.cols() / 2 : all.cols();
            Tensor pre = ops.tap(Site.MLP_PRE, layer, all.columns(0, nInner));
            Tensor h = ops.activation(pre, activation);
            if (gated) {
                Tensor linear = all.columns(nInner, nInner);
                h = ops.multiply(h, ops.tap(Site.MLP_PRE_LINEAR, layer, linear));
            }
            return ops.linear(ops.tap(Site.MLP_POST, layer, h), down);
        }
    }
}
