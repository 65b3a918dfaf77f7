package dev.loupe.tokens;

import java.util.Arrays;

/**
 * Merges the symbols of one piece of text until no pair of neighbours is left that merges. Fill it
 * with {@link #clear} and {@link #add}, then call {@link #merge}; {@link #count}, {@link #symbols}
 * and {@link #lengths} are the result. Where no merge can reach over, {@link #merge} may be called
 * before the next {@link #add}: what was merged stays as it is, and is still near in memory. It is
 * scratch space: one thread at a time.
 *
 * <p>Three ways give the same result. Short pieces are searched again for each merge, for nothing
 * is faster on a word. For long ones, when a merge never makes way for one of lower rank, all pairs
 * of one rank are merged in one go, from left to right. Otherwise a heap finds the next pair.
 */
final class PairMerger {
    /** Longest piece that is searched anew for each merge. */
    static final int SHORT = 40;

    private final Merges merges;
    private final int[] firstOfRank;
    int[] symbols = new int[64];
    int[] lengths = new int[64];
    int count;

    /** How many symbols in front are merged for good. */
    private int done;

    /** How many pairs were looked up since it was made: the cost, for tests. */
    long lookups;

    private final int[] pairs = new int[SHORT];
    private final int[] ranks = new int[SHORT];
    private int[] next = new int[64];
    private int[] previous = new int[64];
    private final LongHeap heap = new LongHeap();
    private int[] nodePlace = new int[64];
    private int[] nodeNext = new int[64];
    private int nodes;
    private int[] places = new int[64];

    PairMerger(Merges merges) {
        this.merges = merges;
        this.firstOfRank = new int[merges.rankLimit()];
        Arrays.fill(firstOfRank, -1);
    }

    /** Empties it, with room for some symbols. */
    void clear(int expected) {
        count = 0;
        done = 0;
        if (symbols.length < expected) {
            symbols = new int[expected];
            lengths = new int[expected];
        }
    }

    void add(int symbol, int length) {
        if (count == symbols.length) {
            symbols = Arrays.copyOf(symbols, count * 2);
            lengths = Arrays.copyOf(lengths, count * 2);
        }
        symbols[count] = symbol;
        lengths[count++] = length;
    }

    /** Whether a very long piece has left it too large to keep. */
    boolean bloated() {
        return symbols.length > 1 << 16 || heap.capacity() > 1 << 16 || nodeNext.length > 1 << 16;
    }

    /** Merges what was added since the last time. */
    void merge() {
        if (count - done <= SHORT) {
            mergeBySearch();
        } else {
            link();
            mergeByRank();
            unlink();
        }
        done = count;
    }

    private int find(int left, int right) {
        lookups++;
        return left < 0 || right < 0 ? -1 : merges.find(left, right);
    }

    private void mergeBySearch() {
        for (int i = done; i + 1 < count; i++) {
            look(i);
        }
        while (true) {
            int best = -1;
            int bestRank = Integer.MAX_VALUE;
            for (int i = 0; i + 1 < count - done; i++) {
                if (ranks[i] < bestRank) {
                    best = i + done;
                    bestRank = ranks[i];
                }
            }
            if (best < 0) {
                return;
            }
            int at = best - done;
            symbols[best] = merges.result(pairs[at]);
            lengths[best] += lengths[best + 1];
            int moved = count - best - 2;
            System.arraycopy(symbols, best + 2, symbols, best + 1, moved);
            System.arraycopy(lengths, best + 2, lengths, best + 1, moved);
            System.arraycopy(pairs, at + 2, pairs, at + 1, moved);
            System.arraycopy(ranks, at + 2, ranks, at + 1, moved);
            count--;
            if (at > 0) {
                look(best - 1);
            }
            if (best + 1 < count) {
                look(best);
            }
        }
    }

    private void look(int place) {
        int pair = find(symbols[place], symbols[place + 1]);
        pairs[place - done] = pair;
        ranks[place - done] = pair < 0 ? Integer.MAX_VALUE : merges.rank(pair);
    }

    private void link() {
        if (next.length < count) {
            next = new int[symbols.length];
            previous = new int[symbols.length];
        }
        for (int i = done; i < count; i++) {
            next[i] = i + 1 < count ? i + 1 : -1;
            previous[i] = i > done ? i - 1 : -1;
        }
    }

    private void unlink() {
        int kept = done;
        for (int i = done; i >= 0; i = next[i]) {
            symbols[kept] = symbols[i];
            lengths[kept++] = lengths[i];
        }
        count = kept;
    }

    /** The pair of a place and the next one; -1 if there is none or the place was merged away. */
    private int pairAt(int place) {
        return lengths[place] < 0 || next[place] < 0
                ? -1
                : find(symbols[place], symbols[next[place]]);
    }

    private void join(int place, int pair) {
        int right = next[place];
        symbols[place] = merges.result(pair);
        lengths[place] += lengths[right];
        lengths[right] = -1;
        next[place] = next[right];
        if (next[right] >= 0) {
            previous[next[right]] = place;
        }
    }

    private void mergeByHeap() {
        for (int i = done; i < count; i++) {
            offer(i);
        }
        while (!heap.isEmpty()) {
            long least = heap.pop();
            int place = (int) least;
            int pair = pairAt(place);
            if (pair >= 0 && merges.rank(pair) == (int) (least >>> 32)) {
                join(place, pair);
                if (previous[place] >= 0) {
                    offer(previous[place]);
                }
                offer(place);
            }
        }
    }

    private void offer(int place) {
        int pair = pairAt(place);
        if (pair >= 0) {
            heap.push((long) merges.rank(pair) << 32 | place);
        }
    }

    private void mergeByRank() {
        nodes = 0;
        if (nodePlace.length < count) {
            nodePlace = new int[count + count / 2];
            nodeNext = new int[count + count / 2];
            places = new int[count];
        }
        for (int i = count - 1; i >= done; i--) {
            enlist(i);
        }
        int putBack = 0;
        while (!heap.isEmpty()) {
            int rank = (int) heap.pop();
            int found = takePlaces(rank);
            int done = joinAll(rank, found);
            // a pair that goes first has come up: the rest has to wait
            putBack += found - done;
            for (int i = found - 1; i >= done; i--) {
                enlist(places[i]);
            }
            if (putBack > 2 * (count - done)) {
                forgetRanks();
                mergeByHeap();
                return;
            }
        }
    }

    /** Joins the pairs of a rank until one of a lower rank comes up. Returns how many it tried. */
    private int joinAll(int rank, int found) {
        for (int i = 0; i < found; i++) {
            int pair = pairAt(places[i]);
            if (pair < 0 || merges.rank(pair) != rank) {
                continue;
            }
            int place = joinOn(places[i], pair, rank);
            int least = enlist(place);
            if (previous[place] >= 0) {
                least = Math.min(least, enlist(previous[place]));
            }
            if (least < rank) {
                return i + 1;
            }
        }
        return found;
    }

    /**
     * Joins a pair, and goes on where that makes another of its rank: all others of this rank lie
     * further right. Vocabularies give all runs of spaces one rank. Returns the last place.
     */
    private int joinOn(int place, int pair, int rank) {
        while (true) {
            join(place, pair);
            int before = previous[place];
            int left = before < 0 ? -1 : pairAt(before);
            int right = pairAt(place);
            int leftRank = left < 0 ? Integer.MAX_VALUE : merges.rank(left);
            int rightRank = right < 0 ? Integer.MAX_VALUE : merges.rank(right);
            if (Math.min(leftRank, rightRank) != rank) {
                return place;
            }
            if (leftRank == rank) {
                place = before;
                pair = left;
            } else {
                pair = right;
            }
        }
    }

    private void forgetRanks() {
        while (!heap.isEmpty()) {
            firstOfRank[(int) heap.pop()] = -1;
        }
    }

    /**
     * Lists the pair at a place under its rank. Returns the rank; a high one if there is no pair.
     */
    private int enlist(int place) {
        int pair = pairAt(place);
        if (pair < 0) {
            return Integer.MAX_VALUE;
        }
        int rank = merges.rank(pair);
        if (firstOfRank[rank] < 0) {
            heap.push(rank);
        }
        if (nodes == nodePlace.length) {
            nodePlace = Arrays.copyOf(nodePlace, nodes * 2);
            nodeNext = Arrays.copyOf(nodeNext, nodes * 2);
        }
        nodePlace[nodes] = place;
        nodeNext[nodes] = firstOfRank[rank];
        firstOfRank[rank] = nodes++;
        return rank;
    }

    /** Moves the places of a rank to {@link #places}, ascending. Returns how many there are. */
    private int takePlaces(int rank) {
        int found = 0;
        boolean sorted = true;
        for (int node = firstOfRank[rank]; node >= 0; node = nodeNext[node]) {
            if (found == places.length) {
                places = Arrays.copyOf(places, found * 2);
            }
            places[found++] = nodePlace[node];
            sorted &= found < 2 || places[found - 2] <= places[found - 1];
        }
        firstOfRank[rank] = -1;
        if (!sorted) {
            Arrays.sort(places, 0, found);
        }
        return found;
    }
}
