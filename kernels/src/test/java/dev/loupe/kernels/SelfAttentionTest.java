package dev.loupe.kernels;

import static dev.loupe.kernels.Numbers.assertSameBits;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loupe.kernels.SelfAttention.Heads;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.Random;

/** Fused attention, the parts that it is composed of, rotation and norms. */
class SelfAttentionTest {
    private static final int KV_HEADS = 2;
    private static final int HEADS = 6;

    private final Random random = new Random(11);
    private final Processor processor = Processor.of(2);

    /** Row {@code r} looks at what {@code ranges[r]} says. */
    private record Ranges(KeyValues keys, int[][] ranges) implements SelfAttention.Visible {
        @Override
        public KeyValues keys(int row) {
            return keys;
        }

        @Override
        public int from(int row) {
            return ranges[row][0];
        }

        @Override
        public int to(int row) {
            return ranges[row][1];
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 16, 24, 64, 80, 128})
    void fusedAttentionIsScoresSoftmaxAndMix(int headDim) {
        int[][] ranges = ProvidersAgreeTest.RANGES;
        Tensor k = Numbers.window(random, 200, KV_HEADS * headDim, true);
        Tensor v = Numbers.window(random, 200, KV_HEADS * headDim, true);
        KeyValues keys = new KeyValues(KV_HEADS, headDim);
        keys.put(0, k, v);
        Ranges visible = new Ranges(keys, ranges);
        Heads heads = new Heads(HEADS, headDim, (float) (1 / Math.sqrt(headDim)));
        Tensor q = Numbers.window(random, ranges.length, HEADS * headDim, true);
        Tensor fused = Numbers.window(random, ranges.length, HEADS * headDim, false);
        SelfAttention.attend(processor, q, visible, heads, fused);

        Tensor scores = Tensor.of(ranges.length, HEADS * 200);
        SelfAttention.scores(processor, q, visible, heads, scores);
        Tensor pattern = Tensor.of(ranges.length, HEADS * 200);
        SelfAttention.softmax(processor, scores, 200, pattern);
        Tensor mixed = Tensor.of(ranges.length, HEADS * headDim);
        SelfAttention.mix(processor, pattern, visible, heads, mixed);

        for (int r = 0; r < ranges.length; r++) {
            for (int head = 0; head < HEADS; head++) {
                double[] expected = reference(q, r, head, k, v, ranges[r], heads);
                double total = 0;
                for (int j = 0; j < 200; j++) {
                    float p = pattern.at(r, head * 200 + j);
                    total += p;
                    if (j < ranges[r][0] || j >= ranges[r][1]) {
                        assertThat(p).isZero();
                        assertThat(scores.at(r, head * 200 + j)).isEqualTo(Float.NEGATIVE_INFINITY);
                    }
                }
                assertThat(total).isBetween(1 - 1e-5, 1 + 1e-5);
                for (int d = 0; d < headDim; d++) {
                    float z = fused.at(r, head * headDim + d);
                    assertThat(Math.abs(z - expected[d])).isLessThan(1e-5);
                    assertThat(Math.abs(z - mixed.at(r, head * headDim + d))).isLessThan(1e-5f);
                }
            }
        }
    }

    private static double[] reference(
            Tensor q, int row, int head, Tensor k, Tensor v, int[] range, Heads heads) {
        int dim = heads.headDim();
        int shared = head / (HEADS / KV_HEADS) * dim;
        double[] z = new double[dim];
        double total = 0;
        for (int j = range[0]; j < range[1]; j++) {
            double score = 0;
            for (int d = 0; d < dim; d++) {
                score += (double) q.at(row, head * dim + d) * k.at(j, shared + d);
            }
            double weight = Math.exp(score * heads.scale());
            total += weight;
            for (int d = 0; d < dim; d++) {
                z[d] += weight * v.at(j, shared + d);
            }
        }
        for (int d = 0; d < dim; d++) {
            z[d] /= total;
        }
        return z;
    }

    @Test
    void aHighScoreLateInTheSequenceTakesOver() {
        KeyValues keys = new KeyValues(1, 1);
        Tensor k = Tensor.of(130, 1);
        Tensor v = Tensor.of(130, 1);
        for (int j = 0; j < 130; j++) {
            k.data()[j] = j == 129 ? 300 : -300;
            v.data()[j] = j;
        }
        keys.put(0, k, v);
        float[] z = new float[1];
        for (Kernels kernels : new Kernels[] {Kernels.scalar(), Kernels.best()}) {
            kernels.attend(new float[] {1}, keys, 0, 0, 130, z, 0, new AttentionScratch(1));
            assertThat(z[0]).isEqualTo(129f);
            kernels.attend(new float[] {-1}, keys, 0, 0, 130, z, 0, new AttentionScratch(1));
            assertThat(z[0]).isEqualTo(64f);
        }
    }

    @Test
    void keysThatComeInPiecesAreThoseThatComeAtOnce() {
        Tensor k = Numbers.window(random, 150, 2 * 24, true);
        Tensor v = Numbers.window(random, 150, 2 * 24, true);
        KeyValues whole = new KeyValues(2, 24);
        whole.put(0, k, v);
        KeyValues pieces = new KeyValues(2, 24);
        for (int from = 0; from < 150; from += 7) {
            int n = Math.min(7, 150 - from);
            pieces.put(from, k.rows(from, n), v.rows(from, n));
        }
        for (int block = 0; block < 3; block++) {
            assertSameBits(pieces.keys(block), whole.keys(block), "keys");
            assertSameBits(pieces.values(block), whole.values(block), "values");
        }
    }

    @Test
    void rotationTurnsPairsOfHalvesByPositionTimesFrequency() {
        float[] frequencies = {1f, 0.25f, 0.001f};
        Rotation rotation = new Rotation(frequencies, 8);
        int[] positions = {0, 1, 77, 5000, 12};
        Tensor x = Numbers.window(random, 5, 16, true);
        Tensor y = Numbers.window(random, 5, 16, false);
        rotation.rotate(processor, x, positions, y);
        for (int r = 0; r < 5; r++) {
            for (int head = 0; head < 16; head += 8) {
                for (int f = 0; f < 3; f++) {
                    double angle = (double) positions[r] * frequencies[f];
                    double a = x.at(r, head + f);
                    double b = x.at(r, head + f + 3);
                    double first = a * Math.cos(angle) - b * Math.sin(angle);
                    double second = a * Math.sin(angle) + b * Math.cos(angle);
                    assertThat((double) y.at(r, head + f)).isBetween(first - 1e-6, first + 1e-6);
                    assertThat((double) y.at(r, head + f + 3))
                            .isBetween(second - 1e-6, second + 1e-6);
                }
                // numbers that no frequency turns
                assertThat(y.at(r, head + 6)).isEqualTo(x.at(r, head + 6));
                assertThat(y.at(r, head + 7)).isEqualTo(x.at(r, head + 7));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 7, 16, 61, 16_385})
    void normsTakeOutMeanAndVariance(int size) {
        Tensor x = Numbers.window(random, 3, 2 * size, true);
        for (int i = 0; i < x.data().length; i++) {
            x.data()[i] += 3;
        }
        float[] weight = Numbers.random(random, size);
        float[] bias = Numbers.random(random, size);
        for (Normalization.Kind kind : Normalization.Kind.values()) {
            Tensor y = Numbers.window(random, 3, 2 * size, false);
            Normalization.normalize(processor, kind, x, weight, bias, 0.01f, y);
            for (int r = 0; r < 3; r++) {
                for (int group = 0; group < 2 * size; group += size) {
                    checkGroup(kind, x, y, r, group, weight, bias);
                }
            }
        }
    }

    private static void checkGroup(
            Normalization.Kind kind,
            Tensor x,
            Tensor y,
            int r,
            int group,
            float[] weight,
            float[] bias) {
        int n = weight.length;
        double mean = 0;
        for (int i = 0; i < n && kind == Normalization.Kind.LAYER; i++) {
            mean += (double) x.at(r, group + i) / n;
        }
        double variance = 0;
        for (int i = 0; i < n; i++) {
            double centred = x.at(r, group + i) - mean;
            variance += centred * centred / n;
        }
        double factor = 1 / Math.sqrt(variance + 0.01f);
        for (int i = 0; i < n; i++) {
            double expected = (x.at(r, group + i) - mean) * factor * weight[i] + bias[i];
            // two or three numbers that nearly are their mean: what is left of them is multiplied
            double bound = 2e-6 * (1 + Math.abs(mean) * factor + Math.abs(expected));
            assertThat(Math.abs(y.at(r, group + i) - expected))
                    .as("%s of %d", kind, n)
                    .isLessThan(bound);
        }
    }
}
