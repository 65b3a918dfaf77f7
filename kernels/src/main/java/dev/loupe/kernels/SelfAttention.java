package dev.loupe.kernels;

import java.util.Arrays;

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
    public record Heads(int nHead, int headDim, float scale) {}

    /**
     * The whole of attention, without ever holding all scores.
     *
     * @param q {@code [row, nHead * headDim]}
     * @param z {@code [row, nHead * headDim]}, the result
     */
    public static void attend(
            Processor processor, Tensor q, Visible visible, Heads heads, Tensor z) {
        int nHead = heads.nHead();
        int d = heads.headDim();
        processor
                .threads()
                .each(
                        q.rows() * nHead,
                        processor.grain(q.rows() * nHead, 32),
                        (worker, from, to) -> {
                            AttentionScratch scratch = new AttentionScratch(d);
                            for (int item = from; item < to; item++) {
                                int row = item / nHead;
                                int head = item % nHead;
                                KeyValues keys = visible.keys(row);
                                scaleQuery(q, row, head, heads, scratch.query());
                                processor
                                        .kernels()
                                        .attend(
                                                scratch.query(),
                                                keys,
                                                head * keys.heads() / nHead,
                                                visible.from(row),
                                                visible.to(row),
                                                z.data(),
                                                z.row(row) + head * d,
                                                scratch);
                            }
                        });
    }

    private static void scaleQuery(Tensor q, int row, int head, Heads heads, float[] out) {
        int from = q.row(row) + head * heads.headDim();
        for (int i = 0; i < heads.headDim(); i++) {
            out[i] = q.data()[from + i] * heads.scale();
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
                    Arrays.fill(
                            s.data(), s.row(row), s.row(row) + s.cols(), Float.NEGATIVE_INFINITY);
                    for (int head = 0; head < heads.nHead(); head++) {
                        scaleQuery(q, row, head, heads, query);
                        int shared = head * stored.heads() / heads.nHead();
                        for (int j = visible.from(row); j < visible.to(row); j++) {
                            s.data()[s.row(row) + head * keys + j] =
                                    ScalarKernels.score(
                                            query,
                                            stored,
                                            j / KeyValues.BLOCK,
                                            shared,
                                            j % KeyValues.BLOCK);
                        }
                    }
                });
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
        float sum = Reduction.sum(p, to, n);
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
                    for (int head = 0; head < heads.nHead(); head++) {
                        int shared = head * stored.heads() / heads.nHead();
                        int out = z.row(row) + head * heads.headDim();
                        Arrays.fill(z.data(), out, out + heads.headDim(), 0f);
                        for (int j = visible.from(row); j < visible.to(row); j++) {
                            float p = pattern.data()[pattern.row(row) + head * keys + j];
                            float[] values = stored.values(j / KeyValues.BLOCK);
                            int v = stored.valueOffset(shared, j % KeyValues.BLOCK);
                            for (int i = 0; i < heads.headDim(); i++) {
                                z.data()[out + i] = Math.fma(p, values[v + i], z.data()[out + i]);
                            }
                        }
                    }
                });
    }
}
