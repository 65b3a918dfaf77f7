package dev.loupe.kernels;

import static dev.loupe.kernels.AttentionUnit.PAIR;
import static dev.loupe.kernels.AttentionUnit.TILE;
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

    private float[] room = new float[0];

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

    /**
     * Where in {@link #room} is what. Queries and {@code dO} are there in both layouts that {@link
     * #put} writes.
     *
     * @param rows of queries, whole blocks of them
     * @param dim numbers in a head
     * @param padded the same as a multiple of 16
     * @param k a block of keys, {@code [dimension / 16][key][16]}
     * @param p {@code P^T} of a block, {@code [key][query]}
     * @param dp {@code dP^T}, which becomes {@code dS^T}
     * @param inner {@code D}
     * @param scaled a query
     * @param size how many numbers there are
     */
    private record Places(
            int rows,
            int dim,
            int padded,
            int q,
            int qPanels,
            int dz,
            int dzPanels,
            int dq,
            int k,
            int p,
            int dp,
            int lse,
            int inner,
            int scaled,
            int size) {
        static Places of(int rows, int dim) {
            int padded = (dim + PANEL - 1) / PANEL * PANEL;
            int qPanels = rows * dim;
            int dz = qPanels + rows * padded;
            int dzPanels = dz + rows * dim;
            int dq = dzPanels + rows * padded;
            int k = dq + rows * padded;
            int p = k + BLOCK * padded;
            int dp = p + BLOCK * BLOCK;
            int lse = dp + BLOCK * BLOCK;
            int inner = lse + rows;
            int scaled = inner + rows;
            return new Places(
                    rows,
                    dim,
                    padded,
                    0,
                    qPanels,
                    dz,
                    dzPanels,
                    dq,
                    k,
                    p,
                    dp,
                    lse,
                    inner,
                    scaled,
                    scaled + padded);
        }
    }

    private void unit(Kernels kernels, Unit unit) {
        Places at = Places.of(unit.blocks() * BLOCK, unit.pass.heads.headDim());
        if (room.length < at.size) {
            room = new float[at.size];
        }
        takeQueries(kernels, unit, at);
        Tensor dq = new Tensor(room, at.dq, at.rows, at.dim, at.padded, 0);
        for (int key = 0; key < unit.tokens; key += BLOCK) {
            Keys keys = Keys.of(unit, key, Math.min(BLOCK, unit.tokens - key));
            for (int d = 0; d < at.padded; d += PANEL) {
                ProductBackward.pack(keys.k, d, room, at.k + d * keys.k.rows());
            }
            for (int block = 0; block < unit.blocks(); block++) {
                if (unit.sees(block, key, keys.k.rows())) {
                    boolean all = unit.look(block, key, keys.k.rows(), from, to);
                    block(kernels, at, keys, block * BLOCK, all, dq.rows(block * BLOCK, BLOCK));
                }
            }
        }
        float scale = unit.pass.heads.scale();
        for (int row = 0; row < unit.rows(); row++) {
            Tensor sum = unit.pass.dq;
            int to = sum.row(unit.token(row)) + unit.column(row);
            kernels.addScaled(scale, room, dq.row(row), sum.data(), to, at.dim);
        }
    }

    /** What belongs to queries: they themselves, scaled, and what the forward left of them. */
    private void takeQueries(Kernels kernels, Unit unit, Places at) {
        if (at.dim < at.padded || at.rows > unit.rows()) {
            // what lies beside and behind the numbers
            Arrays.fill(room, 0, at.size, 0f);
        } else {
            Arrays.fill(room, at.dq, at.dq + at.rows * at.padded, 0f);
        }
        Pass pass = unit.pass;
        for (int row = 0; row < unit.rows(); row++) {
            int t = unit.token(row);
            int c = unit.column(row);
            pass.heads.query(pass.q, t, c / at.dim, room, at.scaled);
            put(room, at.scaled, row, at, at.q, at.qPanels);
            int dz = pass.dz.row(t) + c;
            put(pass.dz.data(), dz, row, at, at.dz, at.dzPanels);
            room[at.lse + row] = pass.lse.data()[pass.lse.row(t) + c / at.dim];
            room[at.inner + row] =
                    kernels.dot(pass.dz.data(), dz, pass.z.data(), pass.z.row(t) + c, at.dim);
        }
    }

    /** Some keys and values of a head, with their gradients. */
    private record Keys(Tensor k, Tensor v, Tensor dk, Tensor dv) {
        static Keys of(Unit unit, int key, int n) {
            Pass pass = unit.pass;
            int dim = pass.heads.headDim();
            int from = unit.start + key;
            int column = unit.kvHead * dim;
            return new Keys(
                    pass.visible.k().rows(from, n).columns(column, dim),
                    pass.visible.v().rows(from, n).columns(column, dim),
                    pass.dk.rows(from, n).columns(column, dim),
                    pass.dv.rows(from, n).columns(column, dim));
        }

        Keys rows(int from, int n) {
            return new Keys(k.rows(from, n), v.rows(from, n), dk.rows(from, n), dv.rows(from, n));
        }
    }

    /**
     * A block of keys by a block of queries. Where not all queries see all keys, some keys at a
     * time, without the queries in front of the first that sees any of them.
     *
     * @param first the block's first row of queries
     * @param all whether they see all
     */
    private void block(Kernels kernels, Places at, Keys keys, int first, boolean all, Tensor dq) {
        int n = keys.k.rows();
        Tensor p = new Tensor(room, at.p, n, BLOCK, BLOCK, 0);
        Tensor dp = new Tensor(room, at.dp, n, BLOCK, BLOCK, 0);
        int tile = all ? BLOCK : TILE;
        for (int j = 0; j < n; j += tile) {
            int m = Math.min(tile, n - j);
            int seen = all ? 0 : firstToSee(j, to);
            someKeys(kernels, at, keys.rows(j, m), first, seen, p.rows(j, m), dp.rows(j, m), j);
        }
        for (int r = 0; r < BLOCK; r += tile) {
            int m = Math.min(tile, BLOCK - r);
            Tensor some = dp.rows(0, all ? n : to[r + m - 1]).columns(r, m);
            kernels.multiplyTransposed(room, at.k, n, true, some, dq.rows(r, m));
        }
    }

    /**
     * @param seen the first query of the block that sees any of these keys
     * @param key the first key in its block
     */
    private void someKeys(
            Kernels kernels,
            Places at,
            Keys keys,
            int first,
            int seen,
            Tensor p,
            Tensor dp,
            int key) {
        int column = seen / PAIR * PAIR;
        int panel = (first + column) * at.dim;
        int step = first * at.padded + seen * PANEL;
        Tensor some = p.columns(column, BLOCK - column);
        kernels.multiply(room, at.q + panel, at.dim, false, keys.k, some);
        weigh(kernels, some, at.lse + first + column);
        hide(p, key);
        Tensor seeing = p.columns(seen, BLOCK - seen);
        kernels.multiply(room, at.dzPanels + step, BLOCK, true, seeing, keys.dv);
        clear(dp, column);
        Tensor slopes = dp.columns(column, BLOCK - column);
        kernels.multiply(room, at.dz + panel, at.dim, false, keys.v, slopes);
        slope(kernels, some, slopes, at.inner + first + column);
        seeing = dp.columns(seen, BLOCK - seen);
        kernels.multiply(room, at.qPanels + step, BLOCK, true, seeing, keys.dk);
    }

    /**
     * A row in both layouts: {@code [row / 16][dimension][16 rows]} at {@code turned}, and in each
     * block {@code [dimension / 16][row][16 dimensions]} at {@code panels}.
     */
    private void put(float[] x, int from, int row, Places at, int turned, int panels) {
        int column = turned + row / PANEL * at.dim * PANEL + row % PANEL;
        for (int d = 0; d < at.dim; d++) {
            room[column + d * PANEL] = x[from + d];
        }
        int inBlock = panels + row / BLOCK * BLOCK * at.padded + row % BLOCK * PANEL;
        for (int d = 0; d < at.dim; d += PANEL) {
            int n = Math.min(PANEL, at.dim - d);
            System.arraycopy(x, from + d, room, inBlock + d * BLOCK, n);
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
