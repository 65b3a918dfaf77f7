package dev.loupe.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Each step against a reference by another route: probabilities of all tokens, in an array that is
 * sorted as a whole, where what falls out gets 0.
 */
class SamplingTest {
    private static final int VOCAB = 1000;
    private static final int[] PROMPT = {5, 17, 900, 17};

    private final float[] logits = random(1, VOCAB);

    private static float[] random(long seed, int n) {
        Random random = new Random(seed);
        float[] logits = new float[n];
        for (int i = 0; i < n; i++) {
            logits[i] = (float) (3 * random.nextGaussian());
        }
        return logits;
    }

    private static double[] doubles(float[] logits) {
        return IntStream.range(0, logits.length).mapToDouble(i -> logits[i]).toArray();
    }

    private static double[] softmax(double[] logits) {
        double max = Arrays.stream(logits).max().orElseThrow();
        double[] p = Arrays.stream(logits).map(l -> Math.exp(l - max)).toArray();
        return normal(p);
    }

    private static double[] normal(double[] p) {
        double total = Arrays.stream(p).sum();
        return Arrays.stream(p).map(x -> x / total).toArray();
    }

    private static Integer[] order(double[] p, Comparator<Integer> comparator) {
        Integer[] ids = IntStream.range(0, p.length).boxed().toArray(Integer[]::new);
        Arrays.sort(ids, comparator);
        return ids;
    }

    /** Ids from the most to the least likely. */
    private static Integer[] ranked(double[] p) {
        return order(p, Comparator.comparingDouble(id -> -p[id]));
    }

    private static double[] keep(double[] p, Integer[] order, int n) {
        double[] kept = new double[p.length];
        for (int i = 0; i < Math.min(n, p.length); i++) {
            kept[order[i]] = p[order[i]];
        }
        return normal(kept);
    }

    private static int nucleus(double[] p, Integer[] order, double share) {
        double sum = 0;
        for (int i = 0; i < order.length; i++) {
            sum += p[order[i]];
            if (sum >= share) {
                return i + 1;
            }
        }
        return order.length;
    }

    private static double[] topK(double[] p, int k) {
        return keep(p, ranked(p), k);
    }

    private static double[] topP(double[] p, double share) {
        Integer[] order = ranked(p);
        return keep(p, order, nucleus(p, order, share));
    }

    private static double[] minP(double[] p, double share) {
        double least = share * Arrays.stream(p).max().orElseThrow();
        return normal(Arrays.stream(p).map(x -> x >= least ? x : 0).toArray());
    }

    private static double[] typical(double[] p, double share) {
        double entropy = -Arrays.stream(p).filter(x -> x > 0).map(x -> x * Math.log(x)).sum();
        Integer[] order =
                order(p, Comparator.comparingDouble(id -> Math.abs(-Math.log(p[id]) - entropy)));
        return keep(p, order, nucleus(p, order, share));
    }

    private static void assertIs(Distribution found, double[] expected) {
        assertThat(found.size())
                .isEqualTo((int) Arrays.stream(expected).filter(p -> p > 0).count());
        for (int id = 0; id < expected.length; id++) {
            assertThat(found.probability(id))
                    .as("token %d", id)
                    .isCloseTo(expected[id], within(1e-12));
        }
    }

    private Distribution of(Sampling sampling) {
        return Distribution.of(logits, sampling, PROMPT);
    }

    private static Sampling sampling(double t, int k, double p, double minP, double typical) {
        return new Sampling(Map.of(), 1, 0, 0, t, k, p, minP, typical);
    }

    @Test
    void plainSamplingIsTheSoftmax() {
        assertIs(of(Sampling.PLAIN), softmax(doubles(logits)));
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.1, 0.7, 1.3, 5})
    void temperatureDivides(double t) {
        double[] divided = Arrays.stream(doubles(logits)).map(l -> l / t).toArray();
        assertIs(of(Sampling.PLAIN.withTemperature(t)), softmax(divided));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 40, 257, 999, 1000, 5000})
    void topKKeepsTheMostLikely(int k) {
        assertIs(of(Sampling.PLAIN.withTopK(k)), topK(softmax(doubles(logits)), k));
    }

    @ParameterizedTest
    @ValueSource(doubles = {1e-9, 0.1, 0.5, 0.9, 0.99, 0.999, 0.99999})
    void topPKeepsTheFewestThatHaveTheShare(double p) {
        assertIs(of(Sampling.PLAIN.withTopP(p)), topP(softmax(doubles(logits)), p));
    }

    @ParameterizedTest
    @ValueSource(doubles = {1e-6, 0.01, 0.3, 1})
    void minPKeepsAShareOfTheMostLikely(double share) {
        assertIs(of(sampling(1, 0, 1, share, 1)), minP(softmax(doubles(logits)), share));
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.01, 0.2, 0.5, 0.95, 0.999})
    void typicalPKeepsTheLeastSurprisinglySurprising(double share) {
        assertIs(of(sampling(1, 0, 1, 0, share)), typical(softmax(doubles(logits)), share));
    }

    @Test
    void greedyTakesTheMostLikelyAndOfEqualsTheLowestId() {
        float[] equal = {1, 3, 2, 3, 3};
        for (Sampling sampling : List.of(Sampling.GREEDY, sampling(0, 3, 0.5, 0.5, 0.5))) {
            Distribution found = Distribution.of(equal, sampling, PROMPT);
            assertThat(found.size()).isEqualTo(1);
            assertThat(found.probability(1)).isEqualTo(1);
        }
    }

    @Test
    void logitBiasAddsAndForbids() {
        Map<Integer, Float> bias = Map.of(3, 5f, 7, -2.5f, 9, Float.NEGATIVE_INFINITY, 4000, 1f);
        double[] expected = doubles(logits);
        expected[3] += 5;
        expected[7] -= 2.5;
        expected[9] = Double.NEGATIVE_INFINITY;
        Distribution found = of(new Sampling(bias, 1, 0, 0, 1, 0, 1, 0, 1));
        double[] p = softmax(expected);
        for (int id = 0; id < VOCAB; id++) {
            assertThat(found.probability(id)).isCloseTo(p[id], within(1e-12));
        }
        assertThat(found.probability(9)).isZero();
        for (long seed = 0; seed < 200; seed++) {
            assertThat(found.draw(new SplittableRandom(seed)).id()).isNotEqualTo(9);
        }
    }

    @Test
    void whereEveryTokenIsForbiddenItSaysSo() {
        Map<Integer, Float> bias = Map.of(0, Float.NEGATIVE_INFINITY, 1, Float.NEGATIVE_INFINITY);
        Sampling none = new Sampling(bias, 1, 0, 0, 1, 0, 1, 0, 1);
        assertThatThrownBy(() -> Distribution.of(new float[] {1, 2}, none, PROMPT))
                .hasMessageContaining("all are forbidden");
    }

    /** The prompt, and what was drawn after it. */
    private static History history(int... drawn) {
        History history = new History(PROMPT);
        for (int id : drawn) {
            history.add(id);
        }
        return history;
    }

    private static double[] penalised(
            double[] logits, double repetition, double frequency, double presence, int... drawn) {
        double[] changed = logits.clone();
        Set<Integer> seen = new HashSet<>();
        Map<Integer, Integer> counts = new LinkedHashMap<>();
        Arrays.stream(PROMPT).forEach(seen::add);
        Arrays.stream(drawn).forEach(id -> counts.merge(id, 1, Integer::sum));
        seen.addAll(counts.keySet());
        for (int id : seen) {
            changed[id] *= changed[id] > 0 ? 1 / repetition : repetition;
        }
        counts.forEach((id, n) -> changed[id] -= n * frequency + presence);
        return changed;
    }

    @ParameterizedTest
    @CsvSource({"1.3, 0, 0", "0.8, 0, 0", "1, 0.7, 0", "1, 0, 1.5", "1.2, -0.4, 0.3"})
    void penaltiesLookAtWhatWasThere(double repetition, double frequency, double presence) {
        int[] drawn = {8, 17, 8, 8, 400};
        Sampling sampling = new Sampling(Map.of(), repetition, frequency, presence, 1, 0, 1, 0, 1);
        Distribution found = new Distribution(logits, 0, VOCAB, sampling, history(drawn));
        double[] changed = penalised(doubles(logits), repetition, frequency, presence, drawn);
        assertIs(found, softmax(changed));
    }

    @Test
    void theStepsRunInTheDocumentedOrder() {
        Map<Integer, Float> bias = Map.of(17, 9f, 8, 8f, 2, 3f);
        int[] drawn = {8, 17, 8};
        Sampling all = new Sampling(bias, 1.4, 0.3, 0.2, 1.8, 120, 0.85, 0.02, 0.7);
        double[] expected = doubles(logits);
        bias.forEach((id, more) -> expected[id] += more);
        double[] p = penalised(expected, 1.4, 0.3, 0.2, drawn);
        p = softmax(Arrays.stream(p).map(l -> l / 1.8).toArray());
        p = typical(minP(topP(topK(p, 120), 0.85), 0.02), 0.7);
        assertIs(new Distribution(logits, 0, VOCAB, all, history(drawn)), p);
    }

    @Test
    void aRowInTheMiddleOfAnArrayIsRead() {
        float[] rows = random(9, 3 * VOCAB);
        Distribution found = new Distribution(rows, VOCAB, VOCAB, Sampling.PLAIN, history());
        assertIs(found, softmax(doubles(Arrays.copyOfRange(rows, VOCAB, 2 * VOCAB))));
        Distribution.Candidate best = found.top(1).getFirst();
        assertThat(best.logit()).isEqualTo(rows[VOCAB + best.id()]);
    }

    @Test
    void theTopIsInOrderAndEntropyIsInBits() {
        double[] p = softmax(doubles(logits));
        Integer[] order = ranked(p);
        List<Distribution.Candidate> top = of(Sampling.PLAIN).top(30);
        assertThat(top).hasSize(30);
        for (int i = 0; i < 30; i++) {
            assertThat(top.get(i).id()).isEqualTo(order[i]);
            assertThat(top.get(i).logit()).isEqualTo(logits[order[i]]);
            assertThat(top.get(i).logprob()).isCloseTo(Math.log(p[order[i]]), within(1e-12));
        }
        double bits = -Arrays.stream(p).map(x -> x * Math.log(x) / Math.log(2)).sum();
        assertThat(of(Sampling.PLAIN).entropy()).isCloseTo(bits, within(1e-9));
        assertThat(Distribution.of(new float[8], Sampling.PLAIN, PROMPT).entropy())
                .isCloseTo(3, within(1e-12));
        assertThat(of(Sampling.GREEDY).entropy()).isZero();
    }

    /**
     * Chi-square over the tokens that are expected ten times or more, the others in one. Under the
     * right distribution it is above its mean by four of its standard deviations with a chance of
     * about 1 in 5,000; the seeds are fixed.
     */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void drawnFrequenciesAreThoseOfTheDistribution(long seed) {
        int draws = 200_000;
        for (Sampling sampling :
                List.of(
                        Sampling.PLAIN,
                        sampling(1.5, 50, 0.95, 0, 1),
                        sampling(0.7, 0, 1, 0.05, 1),
                        sampling(1, 0, 1, 0, 0.6))) {
            Distribution distribution = of(sampling);
            SplittableRandom random = new SplittableRandom(seed);
            int[] counts = new int[VOCAB];
            for (int i = 0; i < draws; i++) {
                counts[distribution.draw(random).id()]++;
            }
            double chi = 0;
            int cells = 0;
            double rest = 0;
            int restCount = 0;
            for (int id = 0; id < VOCAB; id++) {
                double expected = draws * distribution.probability(id);
                if (expected >= 10) {
                    chi += (counts[id] - expected) * (counts[id] - expected) / expected;
                    cells++;
                } else {
                    rest += expected;
                    restCount += counts[id];
                }
            }
            if (rest >= 10) {
                chi += (restCount - rest) * (restCount - rest) / rest;
                cells++;
            } else if (rest == 0) {
                assertThat(restCount).isZero();
            }
            int freedom = cells - 1;
            assertThat(chi)
                    .as("%s with %d degrees of freedom", sampling, freedom)
                    .isLessThan(freedom + 4 * Math.sqrt(2.0 * freedom))
                    .isGreaterThan(freedom - 4 * Math.sqrt(2.0 * freedom));
        }
    }

    @Test
    void impossibleSettingsAreNamed() {
        assertThatThrownBy(() -> sampling(-1, 0, 1, 0, 1)).hasMessageContaining("temperature");
        assertThatThrownBy(() -> sampling(Double.NaN, 0, 1, 0, 1)).hasMessageContaining("NaN");
        assertThatThrownBy(() -> sampling(1, -1, 1, 0, 1)).hasMessageContaining("top-k");
        assertThatThrownBy(() -> sampling(1, 0, 0, 0, 1)).hasMessageContaining("top-p");
        assertThatThrownBy(() -> sampling(1, 0, 1.1, 0, 1)).hasMessageContaining("top-p");
        assertThatThrownBy(() -> sampling(1, 0, 1, -0.1, 1)).hasMessageContaining("min-p");
        assertThatThrownBy(() -> sampling(1, 0, 1, 0, 0)).hasMessageContaining("typical-p");
        assertThatThrownBy(() -> new Sampling(Map.of(), 0, 0, 0, 1, 0, 1, 0, 1))
                .hasMessageContaining("repetition penalty");
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
    void aLogitThatIsNoNumberIsNamed(float logit) {
        for (Sampling sampling : List.of(Sampling.PLAIN, Sampling.GREEDY)) {
            assertThatThrownBy(
                            () -> Distribution.of(new float[] {1, 2, logit}, sampling, new int[0]))
                    .isInstanceOf(NoTokenException.class)
                    .hasMessageStartingWith("logit of token 2: found " + logit);
        }
    }
}
