package dev.loupe.kernels;

import static dev.loupe.kernels.KeyValues.BLOCK;
import static dev.loupe.kernels.Weight.PANEL;

import dev.loupe.kernels.SelfAttention.Heads;

import java.util.Arrays;

/**
 * The backward of {@link SelfAttention#attend} for one sequence and one head of keys, with all
 * heads of queries that share it (Dao 2023, arXiv:2307.08691). Scores are computed again, a block
 * of keys by a block of queries at a time. With {@code P} the softmax, {@code O} the result and
 * {@code D} the sum of {@code dO * O} over a head:
 *
 * <pre>
 *   dV = P^T dO    dP = dO V^T    dS = P * (dP - D)    dK = dS^T Q    dQ = dS K
 * </pre>
 *
 * <p>A block holds {@code S^T}, one row a key: so all five products find what they need in panels
 * that are packed once. A row of queries is {@code token * shared + head}.
 */
final class AttentionBackward {
    private static final ThreadLocal<AttentionBackward> OF_THREAD =
            ThreadLocal.withInitial(AttentionBackward::new);

    /** Rows of a product that are computed side by side. */
    private static final int TILE = 12;

    /** Queries of two panels, which a tile takes at a time. */
    private static final int PAIR = 2 * PANEL;

    private float[] room = new float[0];
    private int used;

    /** For each query of a block the keys of a block that it sees: the first, one past the last. */
    private final int[] from = new int[BLOCK];

    private final int[] to = new int[BLOCK];

    /** What is handed from the forward to the backward, and what the backward adds to. */
    record Pass(
            Tensor q,
            Sequences visible,
            Heads heads,
            Tensor z,
            Tensor lse,
            Tensor dz,
            Tensor dq,
            Tensor dk,
            Tensor dv) {}

    /** The queries that share a head of keys in one sequence. */
    private record Unit(Pass pass, int start, int tokens, int kvHead, int shared) {
        int rows() {
            return tokens * shared;
        }

        int blocks() {
            return (rows() + BLOCK - 1) / BLOCK;
        }

        int token(int row) {
            return start + row / shared;
        }

        int column(int row) {
            return (kvHead * shared + row % shared) * pass.heads.headDim();
        }

        int lastRow(int block) {
            return Math.min(rows(), (block + 1) * BLOCK) - 1;
        }

        /** Whether any query of a block sees any key from {@code key} to {@code key + n}. */
        boolean sees(int block, int key, int n) {
            int first = token(block * BLOCK);
            int last = token(lastRow(block));
            return pass.visible.to(last) > key && pass.visible.from(first) < key + n;
        }

        /**
         * Notes which of {@code n} keys each query of a block sees; those that are not there see
         * what the last one does.
         *
         * @return whether all see all
         */
        boolean look(int block, int key, int n, int[] from, int[] to) {
            boolean all = true;
            for (int r = 0; r < BLOCK; r++) {
                int t = token(Math.min(block * BLOCK + r, rows() - 1));
                from[r] = Math.clamp(pass.visible.from(t) - key, 0, n);
                to[r] = Math.clamp(pass.visible.to(t) - key, 0, n);
                all &= from[r] == 0 && to[r] == n;
            }
            return all;
        }
    }

    static void run(Processor processor, Pass pass) {
        int kvHeads = pass.visible.k().cols() / pass.heads.headDim();
        processor
                .threads()
                .each(
                        pass.visible.count() * kvHeads,
                        1,
                        (worker, from, to) -> {
                            for (int i = from; i < to; i++) {
                                int sequence = i / kvHeads;
                                OF_THREAD
                                        .get()
                                        .unit(
                                                processor.kernels(),
                                                new Unit(
                                                        pass,
                                                        pass.visible.start(sequence),
                                                        pass.visible.length(sequence),
                                                        i % kvHeads,
                                                        pass.heads.nHead() / kvHeads));
                            }
                        });
    }

    /** A piece of this thread's room; what was left there is still in it. */
    private int piece(int n) {
        int at = used;
        used += n;
        return at;
    }

    private void unit(Kernels kernels, Unit unit) {
        int dim = unit.pass.heads.headDim();
        int padded = (dim + PANEL - 1) / PANEL * PANEL;
        int rows = unit.blocks() * BLOCK;
        used = 0;
        int q = piece(rows * dim);
        int qPanels = piece(rows * padded);
        int dz = piece(rows * dim);
        int dzPanels = piece(rows * padded);
        int dq = piece(rows * padded);
        int k = piece(BLOCK * padded);
        int s = piece(BLOCK * BLOCK);
        int ds = piece(BLOCK * BLOCK);
        int lse = piece(rows);
        int inner = piece(rows);
        int scaled = piece(padded);
        if (room.length < used) {
            room = new float[used];
        }
        if (dim < padded || rows > unit.rows()) {
            // what lies beside and behind the numbers
            Arrays.fill(room, 0, used, 0f);
        }
        Arrays.fill(room, dq, dq + rows * padded, 0f);
        Pass pass = unit.pass;
        float scale = pass.heads.scale();
        for (int row = 0; row < unit.rows(); row++) {
            int t = unit.token(row);
            int c = unit.column(row);
            int at = pass.q.row(t) + c;
            for (int d = 0; d < dim; d++) {
                room[scaled + d] = scale * pass.q.data()[at + d];
            }
            put(room, scaled, row, dim, q, qPanels);
            int out = pass.dz.row(t) + c;
            put(pass.dz.data(), out, row, dim, dz, dzPanels);
            room[lse + row] = pass.lse.data()[pass.lse.row(t) + c / dim];
            room[inner + row] =
                    kernels.dot(pass.dz.data(), out, pass.z.data(), pass.z.row(t) + c, dim);
        }
        Tensor dqs = new Tensor(room, dq, rows, dim, padded, 0);
        for (int key = 0; key < unit.tokens; key += BLOCK) {
            int n = Math.min(BLOCK, unit.tokens - key);
            int at = unit.kvHead * dim;
            Tensor ks = pass.visible.k().rows(unit.start + key, n).columns(at, dim);
            Tensor vs = pass.visible.v().rows(unit.start + key, n).columns(at, dim);
            Tensor dks = pass.dk.rows(unit.start + key, n).columns(at, dim);
            Tensor dvs = pass.dv.rows(unit.start + key, n).columns(at, dim);
            for (int d = 0; d < padded; d += PANEL) {
                ProductBackward.pack(ks, d, room, k + d * n);
            }
            Tensor p = new Tensor(room, s, n, BLOCK, BLOCK, 0);
            Tensor dp = new Tensor(room, ds, n, BLOCK, BLOCK, 0);
            for (int block = 0; block < unit.blocks(); block++) {
                if (!unit.sees(block, key, n)) {
                    continue;
                }
                int first = block * BLOCK;
                boolean all = unit.look(block, key, n, from, to);
                int tile = all ? BLOCK : TILE;
                for (int j = 0; j < n; j += tile) {
                    int m = Math.min(tile, n - j);
                    int seen = all ? 0 : firstToSee(j, to);
                    int column = seen / PAIR * PAIR;
                    int panel = (first + column) * dim;
                    Tensor weights = p.rows(j, m);
                    Tensor slopes = dp.rows(j, m);
                    clear(weights, column);
                    clear(slopes, column);
                    Tensor some = weights.columns(column, BLOCK - column);
                    kernels.multiply(room, q + panel, dim, false, ks.rows(j, m), some);
                    weigh(kernels, some, lse + first + column);
                    if (!all) {
                        hide(weights, j);
                    }
                    Tensor seeing = weights.columns(seen, BLOCK - seen);
                    int step = first * padded + seen * PANEL;
                    kernels.multiply(room, dzPanels + step, BLOCK, true, seeing, dvs.rows(j, m));
                    Tensor those = slopes.columns(column, BLOCK - column);
                    kernels.multiply(room, dz + panel, dim, false, vs.rows(j, m), those);
                    slope(kernels, some, those, inner + first + column);
                    Tensor sloping = slopes.columns(seen, BLOCK - seen);
                    kernels.multiply(room, qPanels + step, BLOCK, true, sloping, dks.rows(j, m));
                }
                for (int r = 0; r < BLOCK; r += tile) {
                    int m = Math.min(tile, BLOCK - r);
                    int keys = all ? n : to[r + m - 1];
                    Tensor some = dp.rows(0, keys).columns(r, m);
                    kernels.multiplyTransposed(room, k, n, true, some, dqs.rows(first + r, m));
                }
            }
        }
        for (int row = 0; row < unit.rows(); row++) {
            int at = pass.dq.row(unit.token(row)) + unit.column(row);
            kernels.addScaled(scale, room, dqs.row(row), pass.dq.data(), at, dim);
        }
    }

    /**
     * A row in both layouts: {@code [row / 16][dimension][16 rows]} at {@code turned}, and in each
     * block {@code [dimension / 16][row][16 dimensions]} at {@code panels}.
     */
    private void put(float[] x, int from, int row, int dim, int turned, int panels) {
        int padded = (dim + PANEL - 1) / PANEL * PANEL;
        int column = turned + row / PANEL * dim * PANEL + row % PANEL;
        for (int d = 0; d < dim; d++) {
            room[column + d * PANEL] = x[from + d];
        }
        int inBlock = panels + row / BLOCK * BLOCK * padded + row % BLOCK * PANEL;
        for (int d = 0; d < dim; d += PANEL) {
            System.arraycopy(x, from + d, room, inBlock + d * BLOCK, Math.min(PANEL, dim - d));
        }
    }

    /** The first query of a block that sees any key from {@code key} on. */
    private static int firstToSee(int key, int[] to) {
        int r = 0;
        while (r < BLOCK - 1 && to[r] <= key) {
            r++;
        }
        return r;
    }

    private static void clear(Tensor x, int columns) {
        for (int r = 0; columns > 0 && r < x.rows(); r++) {
            Arrays.fill(x.data(), x.row(r), x.row(r) + columns, 0f);
        }
    }

    /** Scores become the softmax. */
    private void weigh(Kernels kernels, Tensor p, int lse) {
        for (int j = 0; j < p.rows(); j++) {
            kernels.expOfDifference(room, p.row(j), room, lse, room, p.row(j), p.cols());
        }
    }

    /**
     * 0 where a query may not look.
     *
     * @param key the key of the first row in its block
     */
    private void hide(Tensor p, int key) {
        for (int j = 0; j < p.rows(); j++) {
            int at = p.row(j);
            int first = to[BLOCK - 1] <= key + j ? BLOCK : firstToSee(key + j, to);
            int end = BLOCK;
            while (end > first && from[end - 1] > key + j) {
                end--;
            }
            Arrays.fill(room, at, at + first, 0f);
            Arrays.fill(room, at + end, at + BLOCK, 0f);
        }
    }

    private void slope(Kernels kernels, Tensor p, Tensor dp, int inner) {
        for (int j = 0; j < p.rows(); j++) {
            kernels.softmaxBackward(room, p.row(j), room, inner, room, dp.row(j), p.cols());
        }
    }
}
