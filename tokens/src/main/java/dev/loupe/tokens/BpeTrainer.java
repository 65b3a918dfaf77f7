package dev.loupe.tokens;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Learns a byte-level BPE vocabulary from text (Sennrich et al. 2016, arXiv:1508.07909; over bytes
 * as in GPT-2). Text is cut into pieces as GPT-2 cuts it; the two neighbouring tokens that are most
 * frequent inside of pieces become one token, again and again. What is as frequent as something
 * else goes by the smaller ids, so the result depends on the text alone.
 *
 * <p>First {@link #count} all text, then {@link #train}. Memory grows with the number of different
 * pieces, not with the length of the text. Not for several threads at once.
 */
public final class BpeTrainer {
    /**
     * Longer pieces, in UTF-16 units, are not counted: they are no words, and as one piece they
     * would cost time for nothing.
     */
    private static final int LONGEST = 256;

    /** How many steps there are between two calls of a watcher. */
    private static final int STEPS = 64;

    private final Splitter splitter = new Splitter.Gpt2Words();
    private final Map<String, long[]> pieces = new HashMap<>();

    /** Told how many tokens there are so far; what it throws ends the training. */
    @FunctionalInterface
    public interface Watcher {
        void at(int tokens);
    }

    /** Counts the pieces of a text, which is taken to end where the next one begins. */
    public void count(String text) {
        char[] chars = text.toCharArray();
        int end;
        for (int start = 0; start < chars.length; start = end) {
            end = splitter.end(chars, start, chars.length);
            if (end - start <= LONGEST) {
                String piece = new String(chars, start, end - start);
                pieces.computeIfAbsent(piece, p -> new long[1])[0]++;
            }
        }
    }

    /** How many different pieces were counted. */
    public int pieces() {
        return pieces.size();
    }

    /**
     * Learns the tokens: special ones first, then the 256 bytes, then those that are merged.
     *
     * @param vocabSize how many tokens there shall be; there are fewer where the text has no more
     *     pairs that occur {@code least} times
     * @param special control tokens, such as {@code <|endoftext|>}
     * @param least how often a pair must occur to be merged
     * @throws IllegalArgumentException if the vocabulary has no room for the bytes
     */
    public BpeVocabulary train(int vocabSize, List<String> special, int least, Watcher watcher) {
        int smallest = special.size() + 256;
        if (vocabSize < smallest) {
            throw new IllegalArgumentException(
                    "a vocabulary of %d tokens has no room for the %d bytes and special tokens"
                            .formatted(vocabSize, smallest));
        }
        BpeMerging merging = new BpeMerging(pieces, special);
        while (merging.size() < vocabSize && merging.step(Math.max(1, least))) {
            if (merging.size() % STEPS == 0) {
                watcher.at(merging.size());
            }
        }
        watcher.at(merging.size());
        return merging.result(special);
    }
}
