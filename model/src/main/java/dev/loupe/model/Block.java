package dev.loupe.model;

import dev.loupe.kernels.Activation;
import dev.loupe.kernels.Rotation;
import dev.loupe.kernels.SelfAttention.Heads;
import dev.loupe.kernels.SelfAttention.Visible;
import dev.loupe.kernels.Tensor;

import org.jspecify.annotations.Nullable;

/**
 * One block: {@code x += attn(norm(x)); x += mlp(norm(x))}, in all its variants. A norm that a
 * family lacks is null and does nothing. Each {@code ops.tap} names a place where one can look in
 * and otherwise does nothing either; to read the mathematics, read past it.
 *
 * @param layer which block, from 0
 * @param parallel true if the MLP reads the block's input, as attention does, and not attention's
 *     result
 * @param ln1 the norm before attention
 * @param postAttn the norm after attention, before its result is added
 * @param ln2 the norm before the MLP
 * @param postMlp the norm after the MLP, before its result is added
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
        a = ops.dropout(a, Site.ATTN_OUT, layer);
        a = ops.tap(Site.ATTN_OUT, layer, a);
        Tensor mid = ops.tap(Site.RESID_MID, layer, ops.residual(x, a));
        Tensor n2 = ops.tap(Site.NORMALIZED2, layer, ops.norm(parallel ? x : mid, ln2));
        Tensor m = ops.norm(mlp.forward(ops, n2, layer), postMlp);
        m = ops.dropout(m, Site.MLP_OUT, layer);
        m = ops.tap(Site.MLP_OUT, layer, m);
        return ops.tap(Site.RESID_POST, layer, ops.residual(mid, m));
    }

    /**
     * Each token asks earlier ones and itself, and takes from them what it asked for.
     *
     * @param qkv queries, keys and values from one product, {@code [queryWidth + 2 keyWidth,
     *     nEmbd]}, where {@code queryWidth} is {@code nHead * headDim}
     * @param out from the mixed values of all heads to what is added, {@code [nEmbd, queryWidth]}
     * @param qNorm of each head's query, or null
     * @param kNorm of each head's key, or null
     * @param rotation turns queries and keys by their position, or null
     * @param heads how many heads of queries there are, and how wide each is
     * @param keyWidth {@code nKvHead * headDim}: numbers in all keys of a token, and in all values
     * @param window how many positions a token sees, its own included; 0: all
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
            int queryWidth = heads.nHead() * heads.headDim();
            Tensor all = ops.linear(x, qkv); // [token, queryWidth + 2 keyWidth]
            Tensor q = ops.tap(Site.Q, layer, all.columns(0, queryWidth));
            Tensor k = ops.tap(Site.K, layer, all.columns(queryWidth, keyWidth));
            Tensor v = ops.tap(Site.V, layer, all.columns(queryWidth + keyWidth, keyWidth));

            Tensor rotQ = ops.rope(ops.norm(q, qNorm), rotation, batch.positions());
            Tensor rotK = ops.rope(ops.norm(k, kNorm), rotation, batch.positions());
            rotQ = ops.tap(Site.ROT_Q, layer, rotQ);
            rotK = ops.tap(Site.ROT_K, layer, rotK);

            Visible visible = ops.remember(batch, layer, rotK, v, heads, window);
            Tensor z = ops.attend(rotQ, visible, heads, batch, layer); // [token, queryWidth]
            return ops.linear(ops.tap(Site.Z, layer, z), out);
        }
    }

    /**
     * Each token by itself: many questions asked of its vector, and what follows from the answers.
     *
     * @param up the questions, {@code [nInner, nEmbd]}; gated: {@code [2 nInner, nEmbd]}, the gates
     *     first
     * @param down what follows from each answer, {@code [nEmbd, nInner]}
     * @param gated true if each answer is multiplied by a gate, and the activation is the gate's
     * @param activation bends the answers, so that two matrices do more than one
     */
    public record Mlp(Linear up, Linear down, boolean gated, Activation activation) {

        /** {@code [token, nEmbd] -> [token, nEmbd]}. */
        Tensor forward(Ops ops, Tensor x, int layer) {
            Tensor all = ops.linear(x, up); // [token, nInner], gated [token, 2 nInner]
            int nInner = gated ? all.cols() / 2 : all.cols();
            Tensor pre = ops.tap(Site.MLP_PRE, layer, all.columns(0, nInner));
            Tensor linear = null;
            if (gated) {
                linear = ops.tap(Site.MLP_PRE_LINEAR, layer, all.columns(nInner, nInner));
            }
            Tensor h = ops.neurons(pre, activation, linear);
            return ops.linear(ops.tap(Site.MLP_POST, layer, h), down);
        }
    }
}
