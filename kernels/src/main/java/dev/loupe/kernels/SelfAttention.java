package dev.loupe.kernels;

import java.util.Arrays;
import java.util.List;

/**
 * Attention (Vaswani et al. 2017, arXiv:1706.03762): each row's query is compared with the keys of
 * its sequence, and the softmax of the scores mixes the values. Heads of queries share the heads of
 * keys and values evenly (Ainslie et al. 2023, arXiv:2305.13245).
 */
public final class SelfAttention {
    private SelfAttention() {}

    /** What each row of a batch may look at. */
    public interface Visible {
        /** The keys and values of the row's sequence. */
        KeyValues keys(int row);

        /** The first visible position. */
        int from(int row);

        /** One past the last visible position; greater than {@link #from}. */
        int to(int row);
    }

    /**
     * The shape of the heads.
     *
     * @param nHead heads of queries, a multiple of the heads of keys
     * @param headDim numbers in a head
     * @param scale what a product of query and key is multiplied by
     */
    public record Heads(int nHead, int headDim, float scale) {
        /** The scaled query of one row and head. */
        void query(Tensor q, int row, int head, float[] out, int to) {
            int from = q.row(row) + head * headDim;
            for (int i = 0; i < headDim; i++) {
                out[to + i] = q.data()[from + i] * scale;
            }
        }
    }

    /**
     * The whole of attention, without ever holding all scores. It goes over the keys in blocks with
     * a {@link RunningSoftmax}; the keys of generated tokens in ranges of 256 positions too, which
     * are merged at the end.
     *
     * <p>A key or value that is not finite may reach all tokens that look at its block, those that
     * may not see it as well.
     *
     * @param q {@code [row, nHead * headDim]}
     * @param z {@code [row, nHead * headDim]}, the result
     */
    public static void attend(
            Processor processor, Tensor q, Visible visible, Heads heads, Tensor z) {
        List<AttentionUnit> units = AttentionUnit.of(q, visible, heads);
        RunningSoftmax[] generated = new RunningSoftmax[units.size()];
        processor
                .threads()
                .each(
                        generated.length,
                        1,
                        (worker, from, to) -> {
                            AttentionScratch scratch = AttentionScratch.ofThread();
                            for (int i = from; i < to; i++) {
                                AttentionUnit unit = units.get(i);
                                RunningSoftmax done =
                                        unit.run(processor.kernels(), q, visible, heads, scratch);
                                if (unit.token() < q.generated()) {
                                    generated[i] = done;
                                } else {
                                    unit.finish(processor.kernels(), done, heads, z);
                                }
                            }
                        });
        merge(processor.kernels(), units, generated, heads, z);
    }

    /** Little work, since a generated token has one row a head. */
    private static void merge(
            Kernels kernels,
            List<AttentionUnit> units,
            RunningSoftmax[] generated,
            Heads heads,
            Tensor z) {
        int next;
        for (int i = 0; i < generated.length && generated[i] != null; i = next) {
            AttentionUnit unit = units.get(i);
            next = i + 1;
            while (next < generated.length && unit.precedes(units.get(next))) {
                generated[i].merge(generated[next++]);
            }
            unit.finish(kernels, generated[i], heads, z);
        }
    }

    /**
     * Scores of all keys, {@code [row, nHead * keys]}; what a row may not see is minus infinity.
     *
     * @param s has {@code nHead * keys} columns
     */
    public static void scores(
            Processor processor, Tensor q, Visible visible, Heads heads, Tensor s) {
        int keys = s.cols() / heads.nHead();
        Elementwise.rows(
                processor,
                s,
                row -> {
                    KeyValues stored = visible.keys(row);
                    float[] query = new float[heads.headDim()];
                    float[] key = new float[heads.headDim()];
                    Arrays.fill(
                            s.data(), s.row(row), s.row(row) + s.cols(), Float.NEGATIVE_INFINITY);
                    for (int head = 0; head < heads.nHead(); head++) {
                        heads.query(q, row, head, query, 0);
                        int shared = head * stored.heads() / heads.nHead();
                        for (int j = visible.from(row); j < visible.to(row); j++) {
                            stored.key(shared, j, key);
                            s.data()[s.row(row) + head * keys + j] = dot(query, key);
                        }
                    }
                });
    }

    private static float dot(float[] a, float[] b) {
        float sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum = Math.fma(a[i], b[i], sum);
        }
        return sum;
    }

    /** The softmax of each group of {@code group} columns; every group has a finite number. */
    public static void softmax(Processor processor, Tensor s, int group, Tensor p) {
        Elementwise.rows(
                processor,
                p,
                row -> {
                    for (int c = 0; c < s.cols(); c += group) {
                        softmax(
                                processor.kernels(),
                                s.data(),
                                s.row(row) + c,
                                group,
                                p.data(),
                                p.row(row) + c);
                    }
                });
    }

    private static void softmax(Kernels kernels, float[] s, int from, int n, float[] p, int to) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            max = Math.max(max, s[from + i]);
        }
        for (int i = 0; i < n; i++) {
            p[to + i] = s[from + i] - max;
        }
        kernels.exp(p, to, p, to, n);
        float sum = kernels.sum(p, to, n);
        for (int i = 0; i < n; i++) {
            p[to + i] /= sum;
        }
    }

    /**
     * Values mixed by a pattern.
     *
     * @param pattern {@code [row, nHead * keys]}
     * @param z {@code [row, nHead * headDim]}, the result
     */
    public static void mix(
            Processor processor, Tensor pattern, Visible visible, Heads heads, Tensor z) {
        int keys = pattern.cols() / heads.nHead();
        Elementwise.rows(
                processor,
                z,
                row -> {
                    KeyValues stored = visible.keys(row);
                    float[] value = new float[heads.headDim()];
                    for (int head = 0; head < heads.nHead(); head++) {
                        int shared = head * stored.heads() / heads.nHead();
                        int out = z.row(row) + head * heads.headDim();
                        Arrays.fill(z.data(), out, out + heads.headDim(), 0f);
                        for (int j = visible.from(row); j < visible.to(row); j++) {
                            float p = pattern.data()[pattern.row(row) + head * keys + j];
                            stored.value(shared, j, value);
                            for (int i = 0; i < heads.headDim(); i++) {
                                z.data()[out + i] = Math.fma(p, value[i], z.data()[out + i]);
                            }
                        }
                    }
                });
    }

    /**
     * {@link #attend} for training: notes the logarithm of each softmax's sum too, from which the
     * backward computes the scores' weights again.
     *
     * @param lse {@code [row, nHead]}, receives {@code log(sum over keys of e^score)}
     */
    public static void attend(
            Processor processor, Tensor q, Sequences visible, Heads heads, Tensor z, Tensor lse) {
        int kvHeads = visible.k().cols() / heads.headDim();
        int all = visible.count() * kvHeads;
        int pieces = Math.max(1, processor.parts() / all);
        processor
                .threads()
                .each(
                        all * pieces,
                        1,
                        (worker, from, to) -> {
                            for (int i = from; i < to; i++) {
                                int head = i / pieces % kvHeads;
                                Span some =
                                        Span.of(visible, i / pieces / kvHeads, i % pieces, pieces);
                                attend(processor.kernels(), q, visible, some, head, heads, z, lse);
                            }
                        });
    }

    /**
     * Neighbouring tokens of a sequence.
     *
     * @param from the first one's row in the batch
     * @param to one past the last
     */
    private record Span(int sequence, int from, int to) {
        /** One of several of about equal length. */
        static Span of(Sequences all, int sequence, int piece, int pieces) {
            int start = all.start(sequence);
            int n = all.length(sequence);
            return new Span(
                    sequence,
                    start + Threads.start(n, piece, pieces),
                    start + Threads.start(n, piece + 1, pieces));
        }
    }

    /** One head of keys and values, stored once for all units that look at it. */
    private static void attend(
            Kernels kernels,
            Tensor q,
            Sequences visible,
            Span some,
            int kvHead,
            Heads heads,
            Tensor z,
            Tensor lse) {
        if (some.from == some.to) {
            return;
        }
        AttentionScratch scratch = AttentionScratch.ofThread();
        KeyValues keys = scratch.head(heads.headDim());
        visible.store(some.sequence, kvHead, visible.to(some.to - 1), keys);
        int shared = heads.nHead() * heads.headDim() / visible.k().cols();
        for (AttentionUnit unit : AttentionUnit.of(some.from, some.to, kvHead, shared, visible)) {
            RunningSoftmax done = unit.run(kernels, q, visible, keys, 0, heads, scratch);
            unit.finish(kernels, done, heads, z);
            noteSums(unit, done, lse);
        }
    }

    private static void noteSums(AttentionUnit unit, RunningSoftmax done, Tensor lse) {
        for (int row = 0; row < unit.tokens() * unit.shared(); row++) {
            int t = unit.token() + row / unit.shared();
            int head = unit.kvHead() * unit.shared() + row % unit.shared();
            float sum = 0;
            for (int lane = row * 16; lane < row * 16 + 16; lane++) {
                sum += done.lanes()[lane];
            }
            lse.data()[lse.row(t) + head] = done.highest()[row] + (float) Math.log(sum);
        }
    }

    /**
     * The backward of {@link #attend(Processor, Tensor, Sequences, Heads, Tensor, Tensor)}: adds to
     * {@code dq}, {@code dk} and {@code dv}.
     *
     * @param z the result of the forward
     * @param lse from the forward
     * @param dz {@code [row, nHead * headDim]}
     */
    public static void attendBackward(
            Processor processor,
            Tensor q,
            Sequences visible,
            Heads heads,
            Tensor z,
            Tensor lse,
            Tensor dz,
            Tensor dq,
            Tensor dk,
            Tensor dv) {
        AttentionBackward.run(
                processor, new AttentionBackward.Pass(q, visible, heads, z, lse, dz, dq, dk, dv));
    }

    /** The backward of {@link #scores}: adds to {@code dq} and {@code dk}. */
    public static void scoresBackward(
            Tensor q, Sequences visible, Heads heads, Tensor ds, Tensor dq, Tensor dk) {
        int keys = ds.cols() / heads.nHead();
        for (int row = 0; row < ds.rows(); row++) {
            for (int head = 0; head < heads.nHead(); head++) {
                for (int j = visible.from(row); j < visible.to(row); j++) {
                    float d = heads.scale() * ds.data()[ds.row(row) + head * keys + j];
                    int query = head * heads.headDim();
                    int key = shared(visible, heads, head);
                    int other = visible.startOf(row) + j;
                    addTo(dq, row, query, d, visible.k(), other, key, heads.headDim());
                    addTo(dk, other, key, d, q, row, query, heads.headDim());
                }
            }
        }
    }

    /** The first column of the keys that a head of queries looks at. */
    private static int shared(Sequences visible, Heads heads, int head) {
        int kvHeads = visible.k().cols() / heads.headDim();
        return head * kvHeads / heads.nHead() * heads.headDim();
    }

    private static void addTo(
            Tensor into, int row, int col, float factor, Tensor x, int xRow, int xCol, int n) {
        int to = into.row(row) + col;
        int from = x.row(xRow) + xCol;
        for (int i = 0; i < n; i++) {
            into.data()[to + i] += factor * x.data()[from + i];
        }
    }

    /** The backward of {@link #softmax}: {@code ds += p * (dp - sum over the group of p * dp)}. */
    public static void softmaxBackward(
            Processor processor, Tensor p, int group, Tensor dp, Tensor ds) {
        Elementwise.rows(
                processor,
                p,
                row -> {
                    for (int c = 0; c < p.cols(); c += group) {
                        int at = p.row(row) + c;
                        int d = dp.row(row) + c;
                        int to = ds.row(row) + c;
                        float inner = processor.kernels().dot(p.data(), at, dp.data(), d, group);
                        for (int i = 0; i < group; i++) {
                            ds.data()[to + i] += p.data()[at + i] * (dp.data()[d + i] - inner);
                        }
                    }
                });
    }

    /** The backward of {@link #mix}: adds to {@code dpattern} and {@code dv}. */
    public static void mixBackward(
            Tensor pattern, Sequences visible, Heads heads, Tensor dz, Tensor dpattern, Tensor dv) {
        int keys = pattern.cols() / heads.nHead();
        for (int row = 0; row < dz.rows(); row++) {
            for (int head = 0; head < heads.nHead(); head++) {
                for (int j = visible.from(row); j < visible.to(row); j++) {
                    int at = head * keys + j;
                    int column = head * heads.headDim();
                    int value = shared(visible, heads, head);
                    int other = visible.startOf(row) + j;
                    float p = pattern.data()[pattern.row(row) + at];
                    dpattern.data()[dpattern.row(row) + at] +=
                            Reduction.dot(
                                    dz.data(),
                                    dz.row(row) + column,
                                    visible.v().data(),
                                    visible.v().row(other) + value,
                                    heads.headDim());
                    addTo(dv, other, value, p, dz, row, column, heads.headDim());
                }
            }
        }
    }
}
