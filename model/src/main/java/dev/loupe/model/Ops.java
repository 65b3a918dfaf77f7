package dev.loupe.model;

import dev.loupe.kernels.Activation;
import dev.loupe.kernels.Rotation;
import dev.loupe.kernels.SelfAttention.Heads;
import dev.loupe.kernels.SelfAttention.Visible;
import dev.loupe.kernels.Tensor;
import dev.loupe.kernels.Weight;

import org.jspecify.annotations.Nullable;

/**
 * The operations that a GPT is made of. The model is written against them, and what interprets them
 * decides what a run is for: {@link Inference} computes. First the primitives, then those that they
 * define.
 *
 * <p>A norm or rotation that is null does nothing.
 */
public interface Ops {
    /** The rows {@code ids} of a table, {@code [id, table.cols()]}. */
    Tensor embed(Weight table, int[] ids, int generated);

    /** {@code [token, in] -> [token, out]}; the bias may be null. */
    Tensor matmul(Tensor x, Weight w, float @Nullable [] bias);

    /** Normalises each group of {@code norm.weight().length} columns. */
    Tensor norm(Tensor x, @Nullable Norm norm);

    /** Turns each head by its token's position, {@code [token, heads * headDim]}. */
    Tensor rope(Tensor x, @Nullable Rotation rotation, int[] positions);

    /** Stores the keys and values of a batch, and gives what its rows may look at. */
    Visible remember(Batch batch, int layer, Tensor k, Tensor v, int window);

    /** Queries to mixed values, {@code [token, nHead * headDim]}. */
    Tensor attention(Tensor q, Visible visible, Heads heads);

    /** {@code f} of every number. */
    Tensor activation(Tensor x, Activation f);

    Tensor multiply(Tensor a, Tensor b);

    Tensor add(Tensor a, Tensor b);

    Tensor scale(Tensor x, float s);

    /** Some rows, in the order asked for; generated ones first. */
    Tensor rows(Tensor x, int[] rows);

    /** Attention's scores, {@code [token, nHead * keys]}; minus infinity where masked. */
    Tensor scores(Tensor q, Visible visible, Heads heads, int keys);

    /** The softmax of each group of {@code group} columns. */
    Tensor softmax(Tensor scores, int group);

    /** Values mixed by a pattern, {@code [token, nHead * headDim]}. */
    Tensor mix(Tensor pattern, Visible visible, Heads heads);

    /** Who looks in. */
    Taps taps();

    /** Lets taps see {@code x}, and gives what goes on. */
    default Tensor tap(Site site, int layer, Tensor x) {
        return taps().wants(site, layer) ? taps().at(site, layer, x, this) : x;
    }

    /** Runs a block: the one place where an interpreter can reuse memory. */
    default Tensor block(Block block, Tensor x, Batch batch) {
        return block.forward(this, x, batch);
    }

    default Tensor linear(Tensor x, Linear linear) {
        return matmul(x, linear.weight(), linear.bias());
    }

    /**
     * Attention that can be watched: scores and pattern are computed beside it when taps want them,
     * and mixed only where a tap changed them.
     */
    default Tensor attend(Tensor q, Visible visible, Heads heads, Batch batch, int layer) {
        boolean watched = taps().wants(Site.SCORES, layer) || taps().wants(Site.PATTERN, layer);
        if (!watched) {
            return attention(q, visible, heads);
        }
        Tensor scores = scores(q, visible, heads, batch.keys());
        Tensor scoresThen = tap(Site.SCORES, layer, scores);
        Tensor pattern = softmax(scoresThen, batch.keys());
        Tensor patternThen = tap(Site.PATTERN, layer, pattern);
        boolean unchanged = scoresThen.equals(scores) && patternThen.equals(pattern);
        return unchanged ? attention(q, visible, heads) : mix(patternThen, visible, heads);
    }
}
