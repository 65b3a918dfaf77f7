package dev.loupe.tokens;

import java.util.Arrays;
import java.util.List;

/**
 * Which two neighbouring symbols may become one, and which go first: the pair of the lowest rank,
 * and of several such pairs the leftmost.
 *
 * <p>A symbol is a token id, or a number from {@link Vocabulary#size} on for a character that is no
 * token but begins or ends one.
 */
public final class Merges {
    /**
     * The longest token that scores may merge, in UTF-16 units: all ways to cut it are looked up,
     * so this bounds the time for one. Those of published models have at most some 50.
     */
    public static final int LONGEST_SCORED = 128;

    /** Gemma's scores make 580,000; each takes up to 50 bytes. */
    private static final int MOST = 1 << 20;

    private final LongIntMap pairs;
    private final int[] ranks;
    private final int[] results;
    private final LongIntMap seams;
    private final LongIntMap loneCharacters;
    private final boolean ascending;
    private final int rankLimit;

    private Merges(Building b, LongIntMap loneCharacters, int symbols) {
        this.pairs = b.pairs;
        this.ranks = Arrays.copyOf(b.ranks, b.size);
        this.results = Arrays.copyOf(b.results, b.size);
        this.seams = b.seams;
        this.loneCharacters = loneCharacters;
        this.ascending = b.ascending(symbols);
        this.rankLimit = b.rankLimit;
    }

    /**
     * The merges that a file lists, in order of rank.
     *
     * @param pairs the texts of left and right, alternating
     * @throws IllegalArgumentException if a merge names text that is no token, left, right or
     *     joined
     */
    public static Merges ofPairs(Vocabulary vocabulary, List<String> pairs) {
        Texts texts = Texts.of(pairs);
        Building building = new Building(texts.size() / 2);
        for (int left = 0; left + 1 < texts.size(); left += 2) {
            building.pair(vocabulary, texts, left);
        }
        return new Merges(building, new LongIntMap(8), vocabulary.size());
    }

    /**
     * SentencePiece: any two neighbours that together are a token may merge, the highest score
     * first.
     *
     * @param scores one for each token
     * @throws IllegalArgumentException if a score is not a number, there is not one a token, or a
     *     token is longer than {@link #LONGEST_SCORED}
     */
    public static Merges byScore(Vocabulary vocabulary, float[] scores) {
        if (scores.length != vocabulary.size()) {
            throw new IllegalArgumentException(
                    scores.length + " scores for " + vocabulary.size() + " tokens");
        }
        int[] ranks = ranks(scores);
        Symbols symbols = new Symbols(vocabulary);
        Building building = new Building(vocabulary.size());
        for (int id = 0; id < vocabulary.size(); id++) {
            if (Symbols.textual(vocabulary, id)) {
                symbols.splits(id, ranks[id], building);
            }
        }
        return new Merges(building, symbols.loneCharacters, symbols.count);
    }

    /** The pair's number, or -1 if it does not merge. */
    int find(int left, int right) {
        return pairs.get((long) left << 32 | right);
    }

    /** Sets, for any two bytes as GPT-2's alphabet writes them, whether some merge joins them. */
    void joins(boolean[] of) {
        seams.forEach(key -> {
            int last = VisibleBytes.find((int) (key >>> 32));
            int first = VisibleBytes.find((int) key);
            if (last >= 0 && first >= 0) {
                of[last << 8 | first] = true;
            }
        });
    }

    /** Whether some merge joins what ends in one character with what begins with another. */
    boolean joins(int last, int first) {
        return seams.get((long) last << 32 | first) >= 0;
    }

    int rank(int pair) {
        return ranks[pair];
    }

    int result(int pair) {
        return results[pair];
    }

    /** Ranks are less than this. */
    int rankLimit() {
        return rankLimit;
    }

    /** The symbol of a character that is no token, or -1. */
    int loneCharacter(int codePoint) {
        return loneCharacters.get(codePoint);
    }

    /** Whether a merge always makes a symbol all of whose own merges have a higher rank. */
    boolean ascending() {
        return ascending;
    }

    /** The tokens that merges make. */
    int[] results() {
        return results;
    }

    private static int[] ranks(float[] scores) {
        float[] sorted = scores.clone();
        Arrays.sort(sorted);
        int[] ranks = new int[scores.length];
        for (int id = 0; id < scores.length; id++) {
            if (Float.isNaN(scores[id])) {
                throw new IllegalArgumentException("the score of token " + id + " is not a number");
            }
            ranks[id] = scores.length - 1 - last(sorted, scores[id]);
        }
        return ranks;
    }

    /** The last index of a value in a sorted array, so that equal scores have equal ranks. */
    private static int last(float[] sorted, float value) {
        int low = 0;
        int high = sorted.length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (sorted[middle] <= value) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low - 1;
    }

    private static final class Building {
        private final LongIntMap pairs;
        private final LongIntMap seams = new LongIntMap(1 << 10);
        private int[] ranks;
        private int[] results;
        private long[] pairKeys;
        private int size;
        private int rankLimit;

        Building(int expected) {
            pairs = new LongIntMap(expected);
            ranks = new int[Math.max(16, expected)];
            results = new int[ranks.length];
            pairKeys = new long[ranks.length];
        }

        /** Adds the merge of a text and the one behind it. */
        void pair(Vocabulary vocabulary, Texts texts, int left) {
            TextIndex ids = vocabulary.ids();
            byte[] bytes = texts.bytes();
            int from = texts.start(left);
            int to = texts.end(left);
            int from2 = texts.start(left + 1);
            int to2 = texts.end(left + 1);
            int first = ids.find(bytes, from, to);
            int second = ids.find(bytes, from2, to2);
            int result = ids.find(bytes, from, to, from2, to2);
            if (first < 0) {
                throw missing(left / 2, texts.get(left));
            }
            if (second < 0) {
                throw missing(left / 2, texts.get(left + 1));
            }
            if (result < 0) {
                throw missing(left / 2, texts.get(left) + texts.get(left + 1));
            }
            // text of a user must never become a control token by merging
            if (!vocabulary.kind(result).control()) {
                add(first, second, left / 2, result);
                seam(Utf8.before(bytes, from, to), Utf8.at(bytes, from2, to2));
            }
        }

        private static IllegalArgumentException missing(int merge, String text) {
            return new IllegalArgumentException(
                    "merge " + merge + " needs '" + text + "', which is no token");
        }

        void add(int left, int right, int rank, int result) {
            long key = (long) left << 32 | right;
            if (!pairs.putIfAbsent(key, size)) {
                return;
            }
            if (size == MOST) {
                throw new IllegalArgumentException(
                        "the tokens allow more merges than the %d that are possible at most"
                                .formatted(MOST));
            }
            if (size == ranks.length) {
                ranks = Arrays.copyOf(ranks, size * 2);
                results = Arrays.copyOf(results, size * 2);
                pairKeys = Arrays.copyOf(pairKeys, size * 2);
            }
            ranks[size] = rank;
            rankLimit = Math.max(rankLimit, rank + 1);
            pairKeys[size] = key;
            results[size++] = result;
        }

        void seam(int last, int first) {
            seams.putIfAbsent((long) last << 32 | first, 0);
        }

        boolean ascending(int symbols) {
            int[] made = new int[symbols];
            Arrays.fill(made, -1);
            for (int i = 0; i < size; i++) {
                made[results[i]] = Math.max(made[results[i]], ranks[i]);
            }
            for (int i = 0; i < size; i++) {
                int left = (int) (pairKeys[i] >>> 32);
                int right = (int) pairKeys[i];
                if (made[left] >= ranks[i] || made[right] >= ranks[i]) {
                    return false;
                }
            }
            return true;
        }
    }

    /** Finds the ways to cut a token into two symbols. */
    private static final class Symbols {
        private final Vocabulary vocabulary;
        private final byte[] bytes;
        private final LongIntMap loneCharacters = new LongIntMap(256);
        private int count;

        Symbols(Vocabulary vocabulary) {
            this.vocabulary = vocabulary;
            this.bytes = vocabulary.texts().bytes();
            this.count = vocabulary.size();
            for (int id = 0; id < vocabulary.size(); id++) {
                if (textual(vocabulary, id)) {
                    int from = vocabulary.texts().start(id);
                    int to = vocabulary.texts().end(id);
                    addLone(from, Utf8.after(bytes, from, to));
                    addLone(Utf8.startOfLast(bytes, from, to), to);
                }
            }
        }

        static boolean textual(Vocabulary vocabulary, int id) {
            TokenKind kind = vocabulary.kind(id);
            return !kind.control()
                    && kind != TokenKind.BYTE
                    && vocabulary.texts().end(id) > vocabulary.texts().start(id);
        }

        private void addLone(int from, int to) {
            if (find(from, to) < 0 && loneCharacters.putIfAbsent(Utf8.at(bytes, from, to), count)) {
                count++;
            }
        }

        /** The symbol of some text, or -1. */
        private int find(int from, int to) {
            int id = vocabulary.ids().find(bytes, from, to);
            if (id >= 0 && textual(vocabulary, id)) {
                return id;
            }
            return Utf8.after(bytes, from, to) == to
                    ? loneCharacters.get(Utf8.at(bytes, from, to))
                    : -1;
        }

        void splits(int id, int rank, Building out) {
            int from = vocabulary.texts().start(id);
            int to = vocabulary.texts().end(id);
            if (to - from > LONGEST_SCORED && vocabulary.text(id).length() > LONGEST_SCORED) {
                throw new IllegalArgumentException(
                        "token %d has %d characters, expected at most %d"
                                .formatted(id, vocabulary.text(id).length(), LONGEST_SCORED));
            }
            int last = Utf8.at(bytes, from, to);
            for (int at = Utf8.after(bytes, from, to); at < to; ) {
                int left = find(from, at);
                int right = left < 0 ? -1 : find(at, to);
                int next = Utf8.at(bytes, at, to);
                if (right >= 0) {
                    out.add(left, right, rank, id);
                    out.seam(last, next);
                }
                last = next;
                at = Utf8.after(bytes, at, to);
            }
        }
    }
}
