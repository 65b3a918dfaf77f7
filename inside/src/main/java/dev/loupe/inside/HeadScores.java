package dev.loupe.inside;

import dev.loupe.kernels.Processor;
import dev.loupe.model.Gpt;
import dev.loupe.model.Taps;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What each head does with a text that means nothing: random tokens, and the same once more. A head
 * that looks at the token before wherever it stands gets a high previous-token score; one that
 * looks at what came behind the same token last time is an induction head (Olsson et al. 2022,
 * arXiv:2209.11895); one that rests on the first token has nothing to do (Xiao et al. 2023,
 * arXiv:2309.17453).
 *
 * @param layer the block, from 0
 * @param head from 0
 * @param previous the mean weight on the token before, 0 to 1
 * @param induction the mean weight on the token behind the earlier one that is the same
 * @param duplicate the mean weight on the earlier token that is the same
 * @param first the mean weight on the first token
 */
public record HeadScores(
        int layer, int head, double previous, double induction, double duplicate, double first) {
    /** Tokens of the text that is repeated, where the context has room for them. */
    private static final int LENGTH = 50;

    /**
     * The scores of every head, block after block.
     *
     * @param texts how many texts to average over
     * @param seed of the random tokens
     * @param first a token to begin each text with, such as BOS, or -1 for none
     * @param watching looks into every run, and may end it by an exception
     * @throws IllegalArgumentException if there are no texts, or the context is too small for six
     *     tokens
     */
    public static List<HeadScores> of(
            Gpt gpt, Processor processor, int texts, long seed, int first, Taps watching) {
        int start = first < 0 ? 0 : 1;
        int length = Math.min(LENGTH, (gpt.config().nCtx() - start) / 2);
        if (texts < 1 || length < 3) {
            throw new IllegalArgumentException(
                    "head scores: found %d texts and a context of %d, expected at least 1 and 7"
                            .formatted(texts, gpt.config().nCtx()));
        }
        SplittableRandom random = new SplittableRandom(seed);
        int nLayer = gpt.config().nLayer();
        int nHead = gpt.config().attention().nHead();
        Sums[] sums = new Sums[nLayer * nHead];
        Arrays.setAll(sums, i -> new Sums());
        List<Hook> hooks = Hooks.of(gpt).matching(List.of("*.hook_pattern"));
        for (int text = 0; text < texts; text++) {
            int[] ids = new int[start + 2 * length];
            if (start == 1) {
                ids[0] = first;
            }
            for (int i = 0; i < length; i++) {
                ids[start + i] = random.nextInt(gpt.config().vocabSize());
                ids[start + length + i] = ids[start + i];
            }
            Capture capture = new Capture(gpt, hooks, ids.length, Long.MAX_VALUE);
            new Reader(gpt, processor, capture.then(watching)).read(ids);
            for (int layer = 0; layer < nLayer; layer++) {
                NamedArray pattern = capture.get(hooks.get(layer));
                for (int head = 0; head < nHead; head++) {
                    sums[layer * nHead + head].add(pattern, head, start, length);
                }
            }
        }
        List<HeadScores> scores = new ArrayList<>();
        for (int i = 0; i < sums.length; i++) {
            scores.add(sums[i].scores(i / nHead, i % nHead));
        }
        return List.copyOf(scores);
    }

    private static final class Sums {
        private final double[] sums = new double[4];
        private final int[] counts = new int[4];

        /** Of the queries of the second half, where all four have something to look at. */
        void add(NamedArray pattern, int head, int start, int length) {
            for (int query = start + length; query < start + 2 * length; query++) {
                count(0, pattern.at(head, query, query - 1));
                count(1, pattern.at(head, query, query - length + 1));
                count(2, pattern.at(head, query, query - length));
                count(3, pattern.at(head, query, 0));
            }
        }

        private void count(int which, float weight) {
            sums[which] += weight;
            counts[which]++;
        }

        private double mean(int which) {
            return sums[which] / counts[which];
        }

        HeadScores scores(int layer, int head) {
            return new HeadScores(layer, head, mean(0), mean(1), mean(2), mean(3));
        }
    }
}
