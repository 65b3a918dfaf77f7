package dev.loupe.tokens;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/**
 * The state of {@link BpeTrainer}: all pieces as the tokens they are made of by now, how often each
 * pair of neighbours occurs, and in which pieces. A step rewrites only the pieces that have its
 * pair.
 */
final class BpeMerging {
    private final List<String> tokens = new ArrayList<>();
    private final Map<String, Integer> ids = new HashMap<>();
    private final List<String> merges = new ArrayList<>();
    private final int[][] pieces;
    private final long[] counts;

    private final LongIntMap pairs = new LongIntMap(1 << 12);
    private final List<Pair> found = new ArrayList<>();
    private final PriorityQueue<Candidate> queue = new PriorityQueue<>();

    /** Two neighbours; the places may name a piece twice, and one that has the pair no more. */
    private static final class Pair {
        private final int left;
        private final int right;
        private long count;
        private boolean merged;
        private int[] places = new int[2];
        private int used;

        Pair(int left, int right) {
            this.left = left;
            this.right = right;
        }

        void add(int piece) {
            if (used > 0 && places[used - 1] == piece) {
                return;
            }
            if (used == places.length) {
                places = Arrays.copyOf(places, used * 2);
            }
            places[used++] = piece;
        }
    }

    /** A pair with the count that it had when it was queued. */
    private record Candidate(long count, Pair pair) implements Comparable<Candidate> {
        @Override
        public int compareTo(Candidate other) {
            if (count != other.count) {
                return Long.compare(other.count, count);
            }
            return pair.left != other.pair.left
                    ? Integer.compare(pair.left, other.pair.left)
                    : Integer.compare(pair.right, other.pair.right);
        }
    }

    BpeMerging(Map<String, long[]> counted, List<String> special) {
        special.forEach(this::addToken);
        int[] bytes = addBytes();
        pieces = new int[counted.size()][];
        counts = new long[counted.size()];
        int piece = 0;
        for (Map.Entry<String, long[]> entry : counted.entrySet()) {
            byte[] utf8 = entry.getKey().getBytes(StandardCharsets.UTF_8);
            pieces[piece] = new int[utf8.length];
            for (int i = 0; i < utf8.length; i++) {
                pieces[piece][i] = bytes[utf8[i] & 255];
            }
            counts[piece] = entry.getValue()[0];
            for (int i = 1; i < utf8.length; i++) {
                note(pieces[piece][i - 1], pieces[piece][i], counts[piece], piece);
            }
            piece++;
        }
        found.forEach(this::queue);
    }

    /** The tokens of all bytes, in the order of the characters by which they are written. */
    private int[] addBytes() {
        char[] sorted = new char[256];
        for (int b = 0; b < 256; b++) {
            sorted[b] = VisibleBytes.of(b);
        }
        Arrays.sort(sorted);
        int[] bytes = new int[256];
        for (char c : sorted) {
            bytes[VisibleBytes.byteOf(c)] = addToken(String.valueOf(c));
        }
        return bytes;
    }

    private int addToken(String token) {
        Integer there = ids.get(token);
        if (there != null) {
            return there;
        }
        ids.put(token, tokens.size());
        tokens.add(token);
        return tokens.size() - 1;
    }

    int size() {
        return tokens.size();
    }

    BpeVocabulary result(List<String> special) {
        return new BpeVocabulary(tokens, merges, special);
    }

    /** Merges the most frequent pair. Returns false if none occurs {@code least} times. */
    boolean step(int least) {
        while (true) {
            Candidate top = queue.poll();
            if (top == null) {
                return false;
            }
            Pair pair = top.pair;
            if (pair.count < top.count) {
                // it lost occurrences to merges since it was queued
                queue(pair);
            } else if (pair.count < least) {
                return false;
            } else {
                merge(pair);
                return true;
            }
        }
    }

    private void queue(Pair pair) {
        if (pair.count > 0) {
            queue.add(new Candidate(pair.count, pair));
        }
    }

    private void merge(Pair pair) {
        String left = tokens.get(pair.left);
        String right = tokens.get(pair.right);
        int joined = addToken(left + right);
        // the same two may meet again when another merge makes one of them
        if (!pair.merged) {
            merges.add(left);
            merges.add(right);
            pair.merged = true;
        }
        int[] places = pair.places;
        int used = pair.used;
        pair.places = new int[2];
        pair.used = 0;
        int known = found.size();
        List<Pair> grown = new ArrayList<>();
        for (int i = 0; i < used; i++) {
            rewrite(places[i], pair, joined, known, grown);
        }
        found.subList(known, found.size()).forEach(this::queue);
        grown.forEach(this::queue);
    }

    /** Joins the pair wherever it stands in a piece, from left to right. */
    private void rewrite(int piece, Pair pair, int joined, int known, List<Pair> grown) {
        int[] old = pieces[piece];
        int[] now = new int[old.length];
        int n = 0;
        for (int i = 0; i < old.length; i++) {
            boolean both = i + 1 < old.length && old[i] == pair.left && old[i + 1] == pair.right;
            now[n++] = both ? joined : old[i];
            i += both ? 1 : 0;
        }
        if (n == old.length) {
            return;
        }
        now = Arrays.copyOf(now, n);
        pieces[piece] = now;
        long count = counts[piece];
        for (int i = 1; i < old.length; i++) {
            found.get(pairs.get(key(old[i - 1], old[i]))).count -= count;
        }
        for (int i = 1; i < n; i++) {
            Pair there = note(now[i - 1], now[i], count, piece);
            if (there != pair && involves(there, joined) && pairs.get(key(there)) < known) {
                grown.add(there);
            }
        }
    }

    private static boolean involves(Pair pair, int token) {
        return pair.left == token || pair.right == token;
    }

    /** Counts a pair in a piece. */
    private Pair note(int left, int right, long count, int piece) {
        int index = pairs.get(key(left, right));
        if (index < 0) {
            index = found.size();
            pairs.putIfAbsent(key(left, right), index);
            found.add(new Pair(left, right));
        }
        Pair pair = found.get(index);
        pair.count += count;
        pair.add(piece);
        return pair;
    }

    private static long key(Pair pair) {
        return key(pair.left, pair.right);
    }

    private static long key(int left, int right) {
        return (long) left << 32 | right;
    }
}
