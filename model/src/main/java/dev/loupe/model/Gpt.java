package dev.loupe.model;

import dev.loupe.kernels.Targets;
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
 * @param wte a vector for each token, {@code [vocabSize, nEmbd]}
 * @param wpe a vector for each position, {@code [nCtx, nEmbd]}; null where blocks turn queries and
 *     keys by their position instead
 * @param blocks in the order in which data passes through them
 * @param lnF the norm after the last block
 * @param unembedding from a vector to a logit for each token, {@code [vocabSize, nEmbd]}; often
 *     {@code wte} again
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
        ops.taps().begin(batch);
        Tensor x = ops.embed(wte, batch.ids(), batch.generated()); // [token, nEmbd]
        x = ops.tap(Site.EMBED, 0, ops.scale(x, config.embedding().scale()));
        if (wpe != null) {
            Tensor positions = ops.embed(wpe, batch.positions(), batch.generated());
            x = ops.add(x, ops.tap(Site.POS_EMBED, 0, positions));
        }
        x = ops.dropout(x, Site.EMBED, 0);
        for (Block block : blocks) {
            x = ops.block(block, x, batch);
        }
        batch.advance();
        return ops.tap(Site.FINAL, 0, ops.norm(x, lnF));
    }

    /**
     * What the model expects behind each of the rows asked for, {@code [row, vocabSize]}: the
     * larger a logit, the likelier the token. To continue a text its last row is enough.
     *
     * @throws IllegalArgumentException as {@link #hidden} does
     */
    public Tensor logits(Ops ops, Batch batch, int[] rows) {
        return unembed(ops, hidden(ops, batch), rows);
    }

    /** The logits of some rows of {@link #hidden}, {@code [row, vocabSize]}. */
    public Tensor unembed(Ops ops, Tensor hidden, int[] rows) {
        return ops.linear(ops.rows(hidden, rows), unembedding);
    }

    /**
     * How far the model was from what came next: the weighted losses of all rows that {@code
     * targets} asks for, {@code [row, 1]}. Their sum is what training makes smaller.
     *
     * @param targets one for each row of the batch
     * @throws IllegalArgumentException as {@link #hidden} does, and if a target is no token
     */
    public Tensor loss(Ops ops, Batch batch, Targets targets) {
        if (targets.ids().length != batch.rows()) {
            throw new IllegalArgumentException(
                    "targets: found %d, expected one for each of the %d rows of the batch"
                            .formatted(targets.ids().length, batch.rows()));
        }
        Tensor hidden = hidden(ops, batch);
        int[] rows = targets.rows();
        if (rows.length == hidden.rows()) {
            return ops.crossEntropy(hidden, unembedding, targets);
        }
        return ops.crossEntropy(ops.rows(hidden, rows), unembedding, targets.of(rows));
    }
}
