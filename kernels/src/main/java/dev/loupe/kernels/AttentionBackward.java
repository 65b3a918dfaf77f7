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

    private float[] room = new float[0];
    private int used;

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
        if (room.length < used) {
            room = new float[used];
        }
        Arrays.fill(room, 0, used, 0f);
        Pass pass = unit.pass;
        for (int row = 0; row < unit.rows(); row++) {
            int t = unit.token(row);
            int c = unit.column(row);
            put(pass.q, t, c, row, dim, pass.heads.scale(), q, qPanels, padded);
            put(pass.dz, t, c, row, dim, 1, dz, dzPanels, padded);
            room[lse + row] = pass.lse.data()[pass.lse.row(t) + c / dim];
            room[inner + row] =
                    Reduction.dot(
                            pass.dz.data(),
                            pass.dz.row(t) + c,
                            pass.z.data(),
                            pass.z.row(t) + c,
                            dim);
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
                kernels.multiply(room, q + first * dim, false, ks, p);
                weigh(kernels, unit, block, key, p, lse + first);
                kernels.multiply(room, dzPanels + first * padded, true, p, dvs);
                kernels.multiply(room, dz + first * dim, false, vs, dp);
                slope(p, dp, inner + first);
                kernels.multiply(room, qPanels + first * padded, true, dp, dks);
                kernels.multiplyTransposed(room, k, true, dp, dqs.rows(first, BLOCK));
            }
        }
        for (int row = 0; row < unit.rows(); row++) {
            int from = dqs.row(row);
            int to = pass.dq.row(unit.token(row)) + unit.column(row);
            for (int d = 0; d < dim; d++) {
                pass.dq.data()[to + d] += pass.heads.scale() * room[from + d];
            }
        }
    }

    /**
     * A row in both layouts: {@code [row / 16][dimension][16 rows]} at {@code turned}, and in each
     * block {@code [dimension / 16][row][16 dimensions]} at {@code panels}.
     */
    private void put(
            Tensor x,
            int t,
            int c,
            int row,
            int dim,
            float scale,
            int turned,
            int panels,
            int padded) {
        int from = x.row(t) + c;
        int column = turned + row / PANEL * dim * PANEL + row % PANEL;
        int inBlock = panels + row / BLOCK * BLOCK * padded + row % BLOCK * PANEL;
        for (int d = 0; d < dim; d++) {
            float value = scale * x.data()[from + d];
            room[column + d * PANEL] = value;
            room[inBlock + d / PANEL * BLOCK * PANEL + d % PANEL] = value;
        }
    }

    /** Scores become the softmax, and 0 where a query may not look. */
    private void weigh(Kernels kernels, Unit unit, int block, int key, Tensor p, int lse) {
        for (int j = 0; j < p.rows(); j++) {
            int at = p.row(j);
            for (int r = 0; r < BLOCK; r++) {
                room[at + r] -= room[lse + r];
            }
        }
        kernels.exp(room, p.offset(), room, p.offset(), p.rows() * BLOCK);
        Sequences visible = unit.pass.visible;
        int first = unit.token(block * BLOCK);
        int last = unit.token(unit.lastRow(block));
        if (visible.to(first) >= key + p.rows() && visible.from(last) <= key) {
            return;
        }
        for (int r = 0; r < BLOCK && block * BLOCK + r < unit.rows(); r++) {
            int t = unit.token(block * BLOCK + r);
            for (int j = 0; j < p.rows(); j++) {
                if (key + j < visible.from(t) || key + j >= visible.to(t)) {
                    room[p.row(j) + r] = 0;
                }
            }
        }
    }

    private void slope(Tensor p, Tensor dp, int inner) {
        for (int j = 0; j < p.rows(); j++) {
            int at = p.row(j);
            int to = dp.row(j);
            for (int r = 0; r < BLOCK; r++) {
                room[to + r] = room[at + r] * (room[to + r] - room[inner + r]);
            }
        }
    }
}
