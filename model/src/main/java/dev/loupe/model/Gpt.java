package dev.loupe.model;

import dev.loupe.kernels.Tensor;
import dev.loupe.kernels.Weight;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * A generative pretrained transformer. Tokens become vectors; block after block adds to them what
 * attention gathers from earlier tokens and what an MLP makes of the result; the last vector of
 * each token becomes one number for every token that may come next.
 *
 * @param config what kind of GPT it is
 * @param wte the vectors of tokens, {@code [vocabSize, nEmbd]}
 * @param wpe the vectors of positions, {@code [nCtx, nEmbd]}, or null
 * @param blocks in the order of the data
 * @param lnF the last norm
 * @param unembedding {@code [vocabSize, nEmbd]}
 */
public record Gpt(
        GptConfig config,
        Weight wte,
        @Nullable Weight wpe,
        List<Block> blocks,
        Norm lnF,
        Linear unembedding) {

    /**
     * The residual stream after the last norm, {@code [token, nEmbd]}.
     *
     * @throws IllegalArgumentException if the batch has an id that the model does not know, or a
     *     position past its context
     */
    public Tensor hidden(Ops ops, Batch batch) {
        batch.check(config);
        Tensor x = ops.embed(wte, batch.ids(), batch.generated());
        x = ops.tap(Site.EMBED, 0, ops.scale(x, config.embedding().scale()));
        if (wpe != null) {
            Tensor positions = ops.embed(wpe, batch.positions(), batch.generated());
            x = ops.add(x, ops.tap(Site.POS_EMBED, 0, positions));
        }
        for (Block block : blocks) {
            x = ops.block(block, x, batch);
        }
        batch.advance();
        return ops.tap(Site.FINAL, 0, ops.norm(x, lnF));
    }

    /** What the model expects next after each of the rows asked for, {@code [row, vocabSize]}. */
    public Tensor logits(Ops ops, Batch batch, int[] rows) {
        return unembed(ops, hidden(ops, batch), rows);
    }

    /** The logits of some rows of {@link #hidden}, {@code [row, vocabSize]}. */
    public Tensor unembed(Ops ops, Tensor hidden, int[] rows) {
        return ops.linear(ops.rows(hidden, rows), unembedding);
    }
}
