package dev.loupe.kernels;

import static dev.loupe.kernels.Numbers.assertSameBits;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loupe.kernels.SelfAttention.Heads;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Fused attention and the parts that it is composed of, over ragged batches. */
class SelfAttentionTest {
    private static final Processor ONE = Processor.of(1);
    private static final Processor TWO = Processor.of(2);
    private static final Processor THREE = Processor.of(3);
    private static final Processor SCALAR = new Processor(Kernels.scalar(), new Threads(2));

    /** Positions about the bounds of blocks of 64 and of ranges of 256. */
    private static final int[] GENERATED = {0, 63, 64, 255, 256, 257, 600};

    private static final int[] PROMPTS = {1, 2, 5, 17, 65, 130, 300};

    private final Random random = new Random(11);

    /** One sequence, all of it: row {@code t} is position {@code t}. */
    private record Sequence(Tensor q, Tensor k, Tensor v, KvType type, Heads heads, int window) {
        KeyValues stored(int kvHeads, int positions) {
            KeyValues keys = new KeyValues(kvHeads, heads.headDim(), type);
            keys.put(0, k.rows(0, positions), v.rows(0, positions));
            return keys;
        }
    }

    /** The rows {@code [from, to)} of a sequence whose cache is {@code keys}. */
    private record Part(Sequence sequence, KeyValues keys, int from, int to) {}

    private record View(List<Part> parts, List<int[]> rows) implements SelfAttention.Visible {
        @Override
        public KeyValues keys(int row) {
            return parts.get(rows.get(row)[0]).keys;
        }

        @Override
        public int from(int row) {
            int window = parts.get(rows.get(row)[0]).sequence.window;
            return window == 0 ? 0 : Math.max(0, rows.get(row)[1] - window + 1);
        }

        @Override
        public int to(int row) {
            return rows.get(row)[1] + 1;
        }
    }

    private Sequence sequence(KvType type, int kvHeads, int group, int dim, int n, int window) {
        Heads heads = new Heads(kvHeads * group, dim, (float) (1 / Math.sqrt(dim)));
        return new Sequence(
                Numbers.window(random, n, kvHeads * group * dim, true),
                Numbers.window(random, n, kvHeads * dim, true),
                Numbers.window(random, n, kvHeads * dim, true),
                type,
                heads,
                window);
    }

    /** Attention of the parts in one batch, of which the first {@code generated} rows are drawn. */
    private static Tensor attend(Processor processor, int generated, List<Part> parts) {
        View view = view(parts);
        Heads heads = parts.getFirst().sequence.heads;
        Tensor q = queries(generated, view);
        Tensor z = Tensor.of(q.rows(), q.cols(), generated);
        Numbers.fill(z, Numbers.UNTOUCHED);
        SelfAttention.attend(processor, q, view, heads, z);
        return z;
    }

    private static View view(List<Part> parts) {
        List<int[]> rows = new ArrayList<>();
        for (int p = 0; p < parts.size(); p++) {
            for (int position = parts.get(p).from; position < parts.get(p).to; position++) {
                rows.add(new int[] {p, position});
            }
        }
        return new View(parts, rows);
    }

    private static Tensor queries(int generated, View view) {
        Tensor first = view.parts.getFirst().sequence.q;
        Tensor q = Tensor.of(view.rows.size(), first.cols(), generated);
        for (int r = 0; r < q.rows(); r++) {
            Tensor from = view.parts.get(view.rows.get(r)[0]).sequence.q;
            System.arraycopy(
                    from.data(), from.row(view.rows.get(r)[1]), q.data(), q.row(r), q.cols());
        }
        return q;
    }

    private static float[] row(Tensor x, int r) {
        return Arrays.copyOfRange(x.data(), x.row(r), x.row(r) + x.cols());
    }

    // heads of keys, heads of queries that share one, numbers in a head, window
    @ParameterizedTest
    @CsvSource({
        "2, 1, 64, 0",
        "3, 3, 64, 0",
        "1, 5, 64, 20",
        "1, 49, 5, 0",
        "2, 2, 80, 100",
        "2, 1, 128, 64",
        "2, 3, 5, 1",
        "1, 2, 17, 300",
        "2, 7, 1, 0"
    })
    void fusedAttentionIsScoresSoftmaxAndMix(int kvHeads, int group, int dim, int window) {
        for (KvType type : KvType.values()) {
            Sequence s = sequence(type, kvHeads, group, dim, 601, window);
            KeyValues keys = s.stored(kvHeads, 601);
            for (int position : GENERATED) {
                Part part = new Part(s, keys, position, position + 1);
                check(part, kvHeads, 1, attend(TWO, 1, List.of(part)));
            }
            for (int n : PROMPTS) {
                Part part = new Part(s, keys, 0, n);
                check(part, kvHeads, 0, attend(TWO, 0, List.of(part)));
            }
        }
    }

    private static void check(Part part, int kvHeads, int generated, Tensor fused) {
        Sequence s = part.sequence;
        View view = view(List.of(part));
        Tensor q = queries(generated, view);
        int n = part.to;
        Tensor scores = Tensor.of(q.rows(), s.heads.nHead() * n);
        SelfAttention.scores(TWO, q, view, s.heads, scores);
        Tensor pattern = Tensor.of(q.rows(), s.heads.nHead() * n);
        SelfAttention.softmax(TWO, scores, n, pattern);
        Tensor mixed = Tensor.of(q.rows(), fused.cols());
        SelfAttention.mix(TWO, pattern, view, s.heads, mixed);
        int dim = s.heads.headDim();
        // both ends and a row between: each is 600 keys in double
        for (int r : new int[] {0, q.rows() / 2, q.rows() - 1}) {
            for (int head = 0; head < s.heads.nHead(); head++) {
                int shared = head / (s.heads.nHead() / kvHeads) * dim;
                double[] expected = reference(s, view.from(r), view.to(r), head * dim, shared);
                for (int j = 0; j < n; j++) {
                    if (j < view.from(r) || j >= view.to(r)) {
                        assertThat(scores.at(r, head * n + j)).isEqualTo(Float.NEGATIVE_INFINITY);
                        assertThat(pattern.at(r, head * n + j)).isZero();
                    }
                }
                for (int d = 0; d < dim; d++) {
                    float z = fused.at(r, head * dim + d);
                    String what = "row %d of %s, head %d, %d".formatted(r, part, head, d);
                    assertThat(Math.abs(z - expected[d])).as(what).isLessThan(1e-5);
                    assertThat(Math.abs(z - mixed.at(r, head * dim + d))).isLessThan(1e-5f);
                }
            }
        }
    }

    /** In double, of the numbers as they are kept; the query is that of position {@code to - 1}. */
    private static double[] reference(Sequence s, int from, int to, int query, int shared) {
        int dim = s.heads.headDim();
        double[] z = new double[dim];
        double total = 0;
        for (int j = from; j < to; j++) {
            double score = 0;
            for (int d = 0; d < dim; d++) {
                score += (double) s.q.at(to - 1, query + d) * kept(s, s.k.at(j, shared + d));
            }
            double weight = Math.exp(score * s.heads.scale());
            total += weight;
            for (int d = 0; d < dim; d++) {
                z[d] += weight * kept(s, s.v.at(j, shared + d));
            }
        }
        for (int d = 0; d < dim; d++) {
            z[d] /= total;
        }
        return z;
    }

    private static double kept(Sequence s, float x) {
        return s.type == KvType.F32 ? x : Float.float16ToFloat(Float.floatToFloat16(x));
    }

    // heads of keys, heads of queries that share one, numbers in a head, window
    @ParameterizedTest
    @CsvSource({
        "2, 1, 64, 0",
        "3, 3, 64, 0",
        "1, 5, 64, 20",
        "1, 49, 5, 0",
        "2, 2, 80, 100",
        "2, 1, 128, 64",
        "2, 3, 5, 1",
        "1, 2, 17, 300"
    })
    void neighboursThreadsCutsAndProvidersChangeNoBit(int kvHeads, int group, int dim, int window) {
        for (KvType type : KvType.values()) {
            List<Part> parts = new ArrayList<>();
            List<float[]> alone = new ArrayList<>();
            for (int position : GENERATED) {
                Sequence s = sequence(type, kvHeads, group, dim, position + 1, window);
                KeyValues keys = s.stored(kvHeads, position + 1);
                parts.add(new Part(s, keys, position, position + 1));
                alone.add(row(attend(ONE, 1, List.of(parts.getLast())), 0));
            }
            for (int n : PROMPTS) {
                Sequence s = sequence(type, kvHeads, group, dim, n, window);
                parts.add(new Part(s, s.stored(kvHeads, n), 0, n));
                Tensor whole = attend(ONE, 0, List.of(parts.getLast()));
                for (int r = 0; r < n; r++) {
                    alone.add(row(whole, r));
                }
                checkPieces(s, kvHeads, whole);
            }
            for (Processor processor : List.of(ONE, TWO, THREE, SCALAR)) {
                Tensor z = attend(processor, GENERATED.length, parts);
                for (int r = 0; r < z.rows(); r++) {
                    assertSameBits(row(z, r), alone.get(r), type + " row " + r);
                }
            }
        }
    }

    /** The prompt in pieces, each attended to before the next is there. */
    private static void checkPieces(Sequence s, int kvHeads, Tensor whole) {
        for (int piece : new int[] {1, 7, 64, 100}) {
            KeyValues keys = new KeyValues(kvHeads, s.heads.headDim(), s.type);
            for (int from = 0; from < whole.rows(); from += piece) {
                int to = Math.min(whole.rows(), from + piece);
                keys.put(from, s.k.rows(from, to - from), s.v.rows(from, to - from));
                Tensor z = attend(TWO, 0, List.of(new Part(s, keys, from, to)));
                for (int r = from; r < to; r++) {
                    String what = "row %d of %d by %d".formatted(r, whole.rows(), piece);
                    assertSameBits(row(z, r - from), row(whole, r), what);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatWasForgottenLeavesNoTrace(KvType type) {
        Sequence s = sequence(type, 2, 3, 24, 200, 0);
        for (int from : new int[] {0, 1, 63, 64, 65, 130, 199}) {
            KeyValues dirty = s.stored(2, 200);
            Tensor bad = Tensor.of(200 - from, 48);
            Numbers.fill(bad, Float.NaN);
            dirty.put(from, bad, bad);
            dirty.put(from, s.k.rows(from, 1), s.v.rows(from, 1));
            for (int generated : new int[] {0, 1}) {
                Part clean = new Part(s, s.stored(2, from + 1), from, from + 1);
                Tensor expected = attend(TWO, generated, List.of(clean));
                Tensor found = attend(TWO, generated, List.of(new Part(s, dirty, from, from + 1)));
                assertSameBits(found.data(), expected.data(), type + " from " + from);
            }
        }
    }

    @Test
    void attentionNeverSeesWhatIsOutsideOfItsRange() {
        Sequence s = sequence(KvType.F32, 1, 2, 24, 200, 0);
        for (int n : new int[] {1, 17, 64, 100}) {
            KeyValues dirty = new KeyValues(1, 24);
            Tensor k = s.k.copy();
            Tensor v = s.v.copy();
            Numbers.fill(k.rows(n, 200 - n), 1e30f);
            Numbers.fill(v.rows(n, 200 - n), -3e38f);
            dirty.put(0, k, v);
            for (int generated : new int[] {0, 1}) {
                Part clean = new Part(s, s.stored(1, 200), n - 1, n);
                Tensor expected = attend(TWO, generated, List.of(clean));
                Tensor found = attend(TWO, generated, List.of(new Part(s, dirty, n - 1, n)));
                assertSameBits(found.data(), expected.data(), "up to " + n);
            }
        }
    }

    @Test
    void aHighScoreLateInTheSequenceTakesOver() {
        for (int sign : new int[] {1, -1}) {
            Tensor q = Tensor.of(600, 1);
            Tensor k = Tensor.of(600, 1);
            Tensor v = Tensor.of(600, 1);
            for (int j = 0; j < 600; j++) {
                q.data()[j] = sign;
                k.data()[j] = j == 599 ? 300 : -300;
                v.data()[j] = j;
            }
            Sequence s = new Sequence(q, k, v, KvType.F32, new Heads(1, 1, 1f), 0);
            for (Processor processor : List.of(ONE, SCALAR)) {
                for (int generated : new int[] {0, 1}) {
                    Part last = new Part(s, s.stored(1, 600), 599, 600);
                    float z = attend(processor, generated, List.of(last)).at(0, 0);
                    assertThat(z).isEqualTo(sign > 0 ? 599f : 299f);
                }
            }
        }
    }

    @Test
    void halvesAreClampedToTheLargest() {
        Tensor x = Tensor.of(1, 4);
        float[] given = {1e9f, -1e9f, 65_519f, 1 / 3f};
        System.arraycopy(given, 0, x.data(), 0, 4);
        KeyValues keys = new KeyValues(1, 4, KvType.F16);
        keys.put(0, x, x);
        float[] found = new float[4];
        keys.key(0, 0, found);
        assertThat(found).containsExactly(65_504f, -65_504f, 65_504f, 0.33325195f);
        keys.value(0, 0, found);
        assertThat(found).containsExactly(65_504f, -65_504f, 65_504f, 0.33325195f);
    }

    @Test
    void halvesTakeHalfTheMemory() {
        Sequence s = sequence(KvType.F32, 2, 1, 24, 100, 0);
        Sequence halves = new Sequence(s.q, s.k, s.v, KvType.F16, s.heads, 0);
        assertThat(s.stored(2, 100).bytes()).isEqualTo(4L * 2 * 128 * (24 + 32));
        assertThat(halves.stored(2, 100).bytes()).isEqualTo(2L * 2 * 128 * (24 + 32));
    }
}
