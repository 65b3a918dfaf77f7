package dev.loupe.kernels;

import static dev.loupe.kernels.KeyValues.BLOCK;

import dev.loupe.kernels.SelfAttention.Heads;
import dev.loupe.kernels.SelfAttention.Visible;

import java.util.ArrayList;
import java.util.List;

/**
 * The piece of attention that a worker does at a time: the queries of some neighbouring tokens of
 * one sequence, in all heads that share one head of keys and values, over a range of blocks. So a
 * key is read once for all of them. A row is one query, {@code token * shared + head}.
 *
 * @param token the first token's row in the batch
 * @param tokens how many
 * @param kvHead the head of keys and values
 * @param shared how many heads of queries share it
 * @param fromBlock the first block of keys
 * @param toBlock one past the last
 */
record AttentionUnit(int token, int tokens, int kvHead, int shared, int fromBlock, int toBlock) {
    /** Rows in a unit of prompt tokens: 4 times what a product of matrices takes at a time. */
    private static final int ROWS = 48;

    /**
     * Blocks in a unit of a generated token, 256 positions. Where ranges begin depends on nothing
     * but this, and they are merged in their order.
     */
    private static final int BLOCKS = 4;

    /** Rows of a product that are computed side by side. */
    static final int TILE = Strips.WIDTH;

    /** Columns of two panels, which a tile takes at a time. */
    static final int PAIR = 2 * Weight.PANEL;

    /**
     * All units of a batch. Those that belong to one generated token and one head follow each
     * other, in the order of their blocks.
     */
    static List<AttentionUnit> of(Tensor q, Visible visible, Heads heads) {
        List<AttentionUnit> units = new ArrayList<>();
        for (int token = 0; token < q.generated(); token++) {
            addGenerated(token, visible, heads, units);
        }
        int tokens;
        for (int token = q.generated(); token < q.rows(); token += tokens) {
            KeyValues keys = visible.keys(token);
            int most = Math.max(1, ROWS / shared(keys, heads));
            tokens = 1;
            while (tokens < most
                    && token + tokens < q.rows()
                    && visible.keys(token + tokens) == keys) {
                tokens++;
            }
            addPrompt(token, tokens, visible, heads, units);
        }
        return units;
    }

    /**
     * The units of one head of a whole sequence, in tokens of the batch.
     *
     * @param from the first token
     * @param to one past the last
     */
    static List<AttentionUnit> of(int from, int to, int kvHead, int shared, Visible visible) {
        List<AttentionUnit> units = new ArrayList<>();
        int most = Math.max(1, ROWS / shared);
        for (int token = from; token < to; token += most) {
            int n = Math.min(most, to - token);
            int end = (visible.to(token + n - 1) + BLOCK - 1) / BLOCK;
            units.add(
                    new AttentionUnit(token, n, kvHead, shared, visible.from(token) / BLOCK, end));
        }
        return units;
    }

    private static void addGenerated(
            int token, Visible visible, Heads heads, List<AttentionUnit> units) {
        int shared = shared(visible.keys(token), heads);
        int first = visible.from(token) / BLOCK;
        int end = (visible.to(token) + BLOCK - 1) / BLOCK;
        for (int head = 0; head < visible.keys(token).heads(); head++) {
            int block = first;
            while (block < end) {
                int next = Math.min(end, (block / BLOCKS + 1) * BLOCKS);
                units.add(new AttentionUnit(token, 1, head, shared, block, next));
                block = next;
            }
        }
    }

    private static void addPrompt(
            int token, int tokens, Visible visible, Heads heads, List<AttentionUnit> units) {
        int from = Integer.MAX_VALUE;
        int to = 0;
        for (int t = token; t < token + tokens; t++) {
            from = Math.min(from, visible.from(t));
            to = Math.max(to, visible.to(t));
        }
        int shared = shared(visible.keys(token), heads);
        int end = (to + BLOCK - 1) / BLOCK;
        for (int head = 0; head < visible.keys(token).heads(); head++) {
            units.add(new AttentionUnit(token, tokens, head, shared, from / BLOCK, end));
        }
    }

    private static int shared(KeyValues keys, Heads heads) {
        return heads.nHead() / keys.heads();
    }

    /** Whether another unit goes on with the same queries. */
    boolean precedes(AttentionUnit other) {
        return other.token == token && other.kvHead == kvHead;
    }

    /**
     * Scores, softmax and weighted values, block after block.
     *
     * @return for prompt tokens in {@code scratch}, until the next unit
     */
    RunningSoftmax run(
            Kernels kernels, Tensor q, Visible visible, Heads heads, AttentionScratch scratch) {
        return run(kernels, q, visible, visible.keys(token), kvHead, heads, scratch);
    }

    /**
     * {@link #run(Kernels, Tensor, Visible, Heads, AttentionScratch)} with the keys and values of
     * this unit's head elsewhere.
     *
     * @param head which head they are there
     */
    RunningSoftmax run(
            Kernels kernels,
            Tensor q,
            Visible visible,
            KeyValues keys,
            int head,
            Heads heads,
            AttentionScratch scratch) {
        int rows = tokens * shared;
        Tensor queries = scratch.queries(rows, heads.headDim());
        for (int row = 0; row < rows; row++) {
            heads.query(q, token + row / shared, head(row), queries.data(), queries.row(row));
        }
        RunningSoftmax softmax =
                token < q.generated()
                        ? RunningSoftmax.of(rows, keys.paddedDim())
                        : scratch.softmax(rows, keys.paddedDim());
        Tensor scores = scratch.scores(rows);
        int[] from = scratch.from(rows);
        int[] to = scratch.to(rows);
        for (int block = fromBlock; block < toBlock; block++) {
            for (int row = 0; row < rows; row++) {
                int t = token + row / shared;
                from[row] = Math.clamp(visible.from(t) - block * BLOCK, 0, BLOCK);
                to[row] = Math.clamp(visible.to(t) - block * BLOCK, from[row], BLOCK);
            }
            var k = keys.keyPanels(block, head, scratch.keys(keys.headDim()));
            for (int row = 0, n; row < rows; row += n) {
                n = together(rows, row, to);
                int seen = Math.min(BLOCK, (to[row + n - 1] + PAIR - 1) / PAIR * PAIR);
                Tensor some = scores.rows(row, n).columns(0, seen);
                kernels.multiply(
                        k.data(), k.from(), keys.headDim(), false, queries.rows(row, n), some);
            }
            kernels.softmaxStep(scores, from, to, softmax);
            var v = keys.valuePanels(block, head, scratch.values(keys.paddedDim()));
            for (int row = 0, n; row < rows; row += n) {
                n = together(rows, row, to);
                Tensor some = scores.rows(row, n).columns(0, to[row + n - 1]);
                kernels.multiply(v.data(), v.from(), BLOCK, true, some, softmax.sum().rows(row, n));
            }
        }
        return softmax;
    }

    /**
     * How many rows are multiplied together: all that are left if they see the whole block, else
     * those of a tile, for the keys behind the last one that they see are left out.
     */
    private static int together(int rows, int row, int[] to) {
        return to[row] == BLOCK ? rows - row : Math.min(TILE, rows - row);
    }

    /** Writes the result of all rows. */
    void finish(Kernels kernels, RunningSoftmax softmax, Heads heads, Tensor z) {
        for (int row = 0; row < tokens * shared; row++) {
            int to = z.row(token + row / shared) + head(row) * heads.headDim();
            softmax.result(kernels, row, z.data(), to, heads.headDim());
        }
    }

    private int head(int row) {
        return kvHead * shared + row % shared;
    }
}
