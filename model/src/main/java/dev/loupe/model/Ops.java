package dev.loupe.model;

import dev.loupe.kernels.Activation;
import dev.loupe.kernels.Rotation;
import dev.loupe.kernels.SelfAttention.Heads;
import dev.loupe.kernels.SelfAttention.Visible;
import dev.loupe.kernels.Targets;
import dev.loupe.kernels.Tensor;
import dev.loupe.kernels.Weight;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;

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
    Visible remember(Batch batch, int layer, Tensor k, Tensor v, Heads heads, int window);

    /** Queries to mixed values, {@code [token, nHead * headDim]}. */
    Tensor attention(Tensor q, Visible visible, Heads heads);

    /** {@code f} of every number. */
    Tensor activation(Tensor x, Activation f);

    Tensor multiply(Tensor a, Tensor b);

    Tensor add(Tensor a, Tensor b);

    /** {@code a} with {@code b} added to its columns from {@code column} on. */
    Tensor addColumns(Tensor a, int column, Tensor b);

    Tensor scale(Tensor x, float s);

    /** Some rows, in the order asked for; generated ones first. */
    Tensor rows(Tensor x, int[] rows);

    /**
     * The loss of each row behind the unembedding, {@code [row, 1]}: {@code weight * -log
     * softmax(logits)[target]}. The logits of all rows never exist at once.
     *
     * @throws IllegalArgumentException if the unembedding has adapters
     */
    Tensor crossEntropy(Tensor x, Linear unembedding, Targets targets);

    /** Attention's scores, {@code [token, nHead * keys]}; minus infinity where masked. */
    Tensor scores(Tensor q, Visible visible, Heads heads, int keys);

    /** The softmax of each group of {@code group} columns. */
    Tensor softmax(Tensor scores, int group);

    /** Values mixed by a pattern, {@code [token, nHead * headDim]}. */
    Tensor mix(Tensor pattern, Visible visible, Heads heads);

    /**
     * Of each row as many groups of columns as {@code second[row]} has entries: {@code b}'s where
     * the entry is true, else {@code a}'s.
     */
    Tensor choose(boolean[][] second, Tensor a, Tensor b);

    /** Who looks in. */
    Taps taps();

    /**
     * Lets taps see {@code x}, and gives what goes on.
     *
     * @throws IllegalArgumentException if a tap returned a tensor of another shape
     */
    default Tensor tap(Site site, int layer, Tensor x) {
        if (!taps().wants(site, layer)) {
            return x;
        }
        Tensor y = taps().at(site, layer, x, this);
        if (y.rows() != x.rows() || y.cols() != x.cols() || y.generated() != x.generated()) {
            throw new IllegalArgumentException(
                    "tap at %s of block %d: found [%d, %d] with %d generated rows, expected [%d, %d] with %d"
                            .formatted(
                                    site,
                                    layer,
                                    y.rows(),
                                    y.cols(),
                                    y.generated(),
                                    x.rows(),
                                    x.cols(),
                                    x.generated()));
        }
        return y;
    }

    /** Runs a block: the one place where an interpreter can reuse memory. */
    default Tensor block(Block block, Tensor x, Batch batch) {
        return block.forward(this, x, batch);
    }

    /**
     * What the neurons of an MLP say: {@code f(pre)}, or {@code f(pre) * gated} where they are
     * gates. Valid until this is asked for again.
     */
    default Tensor neurons(Tensor pre, Activation f, @Nullable Tensor gated) {
        Tensor h = activation(pre, f);
        return gated == null ? h : multiply(h, gated);
    }

    /**
     * {@code x + more}: what attention or an MLP adds to the residual stream. {@code more} is given
     * up: nobody reads it any more, nor does the backward of what made it.
     */
    default Tensor residual(Tensor x, Tensor more) {
        return add(x, more);
    }

    /** {@code W x + b}, and what adapters add to it. */
    default Tensor linear(Tensor x, Linear linear) {
        Tensor y = matmul(x, linear.weight(), linear.bias());
        for (Lora lora : linear.adapters()) {
            Tensor z = scale(matmul(adapterInput(x, lora), lora.a(), null), lora.scale());
            y = addColumns(y, lora.first(), matmul(z, lora.b(), null));
        }
        return y;
    }

    /** What an adapter reads: while it is trained, a part of {@code x} may be dropped out. */
    default Tensor adapterInput(Tensor x, Lora lora) {
        return x;
    }

    /**
     * Forgets some numbers at random while a model is trained; otherwise does nothing.
     *
     * @param site where, which decides on the random numbers
     */
    default Tensor dropout(Tensor x, Site site, int layer) {
        return x;
    }

    /**
     * Attention that can be watched. When taps want scores or pattern, these are computed beside
     * it. Where a tap gave a head of a row another pattern, that one alone is mixed anew: all
     * others keep their bits.
     */
    default Tensor attend(Tensor q, Visible visible, Heads heads, Batch batch, int layer) {
        Tensor z = attention(q, visible, heads);
        if (!taps().wants(Site.SCORES, layer) && !taps().wants(Site.PATTERN, layer)) {
            return z;
        }
        int keys = batch.keys();
        Tensor scores = scores(q, visible, heads, keys);
        Tensor pattern = softmax(scores, keys);
        Tensor scoresThen = tap(Site.SCORES, layer, scores);
        Tensor again = scoresThen.equals(scores) ? pattern : softmax(scoresThen, keys);
        Tensor patternThen = tap(Site.PATTERN, layer, again);
        if (patternThen.equals(pattern)) {
            return z;
        }
        return choose(edited(pattern, patternThen, keys), z, mix(patternThen, visible, heads));
    }

    /** Which heads of each row have another pattern than before. */
    private static boolean[][] edited(Tensor before, Tensor after, int keys) {
        boolean[][] edited = new boolean[after.rows()][after.cols() / keys];
        for (int row = 0; row < edited.length; row++) {
            for (int head = 0; head < edited[row].length; head++) {
                int was = before.row(row) + head * keys;
                int is = after.row(row) + head * keys;
                edited[row][head] =
                        !Arrays.equals(before.data(), was, was + keys, after.data(), is, is + keys);
            }
        }
        return edited;
    }
}
