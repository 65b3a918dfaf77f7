package dev.loupe.generate;

import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * What the next token is drawn from: the tokens that remain after all steps of a {@link Sampling},
 * and their probabilities, which sum to 1.
 */
public final class Distribution {
    private final Candidates candidates;

    /** What the model gave each of them. */
    private final float[] given;

    private final double[] probabilities;

    /**
     * @param row holds the model's logits from {@code offset} on; read, not kept
     * @param vocabSize how many there are
     * @param history of the sequence so far
     */
    Distribution(float[] row, int offset, int vocabSize, Sampling sampling, History history) {
        candidates = new Candidates(row, offset, vocabSize);
        for (Step step : sampling.steps()) {
            step.apply(candidates, history);
        }
        candidates.settle();
        given = new float[candidates.count()];
        for (int i = 0; i < given.length; i++) {
            given[i] = row[offset + candidates.id(i)];
        }
        probabilities = softmax(candidates);
    }

    /**
     * The distribution after a prompt.
     *
     * @throws NoTokenException if a logit is NaN or infinite, or every token is forbidden
     */
    public static Distribution of(float[] logits, Sampling sampling, int[] prompt) {
        return new Distribution(logits, 0, logits.length, sampling, new History(prompt));
    }

    private static double[] softmax(Candidates candidates) {
        double largest = candidates.largest();
        double[] p = new double[candidates.count()];
        if (largest == Double.NEGATIVE_INFINITY) {
            throw new NoTokenException("no token may be drawn: all are forbidden");
        }
        double total = 0;
        for (int i = 0; i < p.length; i++) {
            p[i] = Math.exp(candidates.logit(i) - largest);
            total += p[i];
        }
        for (int i = 0; i < p.length; i++) {
            p[i] /= total;
        }
        return p;
    }

    /**
     * One token that may be drawn.
     *
     * @param logit as the model gave it
     * @param probability of being drawn
     */
    public record Candidate(int id, float logit, double probability) {
        /** The natural logarithm of the probability. */
        public double logprob() {
            return Math.log(probability);
        }
    }

    /** How many tokens may be drawn. */
    public int size() {
        return probabilities.length;
    }

    /** The probability that a token is drawn. */
    public double probability(int id) {
        for (int i = 0; i < probabilities.length; i++) {
            if (candidates.id(i) == id) {
                return probabilities[i];
            }
        }
        return 0;
    }

    /** The most likely tokens, at most {@code n}, most likely first. */
    public List<Candidate> top(int n) {
        return IntStream.range(0, probabilities.length)
                .boxed()
                .sorted((a, b) -> {
                    int byP = Double.compare(probabilities[b], probabilities[a]);
                    return byP != 0 ? byP : Integer.compare(candidates.id(a), candidates.id(b));
                })
                .limit(n)
                .map(i -> candidate(i))
                .toList();
    }

    private Candidate candidate(int i) {
        return new Candidate(candidates.id(i), given[i], probabilities[i]);
    }

    /** How uncertain the draw is, in bits: a fair choice of {@code 2^n} tokens has {@code n}. */
    public double entropy() {
        double bits = 0;
        for (double p : probabilities) {
            bits -= p > 0 ? p * Math.log(p) / Math.log(2) : 0;
        }
        return Math.max(bits, 0);
    }

    /**
     * A dart that was thrown at a line of length 1, on which each token has its probability's
     * share.
     *
     * @param drawn the token that it hit
     * @param dart where it hit, from 0 to less than 1
     * @param from where that token's share begins
     * @param to where it ends
     */
    public record Throw(Candidate drawn, double dart, double from, double to) {}

    /** Throws a dart; where one token is left there is none to throw, and it counts as 0. */
    public Throw dart(RandomGenerator random) {
        double dart = probabilities.length == 1 ? 0 : random.nextDouble();
        double sum = 0;
        int last = 0;
        double start = 0;
        for (int i = 0; i < probabilities.length; i++) {
            double from = sum;
            sum += probabilities[i];
            if (probabilities[i] > 0) {
                last = i;
                start = from;
            }
            if (dart < sum) {
                return new Throw(candidate(i), dart, from, sum);
            }
        }
        return new Throw(candidate(last), dart, start, 1);
    }

    /** The token that a {@link #dart} hits. */
    public Candidate draw(RandomGenerator random) {
        return dart(random).drawn();
    }
}
