package dev.loupe.generate;

import java.util.Arrays;
import java.util.function.DoublePredicate;
import java.util.function.DoubleUnaryOperator;

/**
 * The tokens that may still be drawn, with their logits in double precision. At first all are
 * there, in the order of their ids.
 */
final class Candidates {
    private int[] ids;
    private double[] logits;
    private final int all;
    private int count;

    /** How many at the front are in order: most likely first, lower ids first among equals. */
    private int sorted;

    /** The largest logit, or NaN where it has to be looked for. */
    private double largest = Double.NaN;

    /** What is needed while most tokens are dropped, as large as the vocabulary. */
    private record Room(int[] ids, double[] logits) {
        private static final ThreadLocal<Room> OF_THREAD =
                ThreadLocal.withInitial(() -> new Room(new int[0], new double[0]));

        static Room of(int n) {
            Room room = OF_THREAD.get();
            if (room.ids.length < n) {
                room = new Room(new int[n], new double[n]);
                OF_THREAD.set(room);
            }
            return room;
        }
    }

    /** All tokens of a row of logits; one at a time in a thread, until it {@link #settle}s. */
    Candidates(float[] row, int offset, int n) {
        Room room = Room.of(n);
        ids = room.ids;
        logits = room.logits;
        all = n;
        count = n;
        for (int i = 0; i < n; i++) {
            ids[i] = i;
            logits[i] = row[offset + i];
            if (Float.isNaN(row[offset + i]) || row[offset + i] == Float.POSITIVE_INFINITY) {
                throw new NoTokenException(
                        "logit of token %d: found %s, expected a finite number; the model's weights are damaged or too large"
                                .formatted(i, row[offset + i]));
            }
        }
    }

    int count() {
        return count;
    }

    int id(int i) {
        return ids[i];
    }

    double logit(int i) {
        return logits[i];
    }

    /** Changes a token's logit; only while all tokens are there in the order of their ids. */
    void change(int id, DoubleUnaryOperator change) {
        if (count != all || sorted > 0) {
            throw new IllegalStateException("a logit changed after tokens were sorted");
        }
        if (id >= 0 && id < count) {
            logits[id] = change.applyAsDouble(logits[id]);
            largest = Double.NaN;
        }
    }

    /** Divides all logits. */
    void divide(double temperature) {
        for (int i = 0; i < count; i++) {
            logits[i] /= temperature;
        }
        largest = Double.NaN;
    }

    double largest() {
        if (Double.isNaN(largest)) {
            double found = Double.NEGATIVE_INFINITY;
            for (int i = 0; i < count; i++) {
                found = Math.max(found, logits[i]);
            }
            largest = found;
        }
        return largest;
    }

    /** The sum of all weights. */
    double total() {
        double largest = largest();
        double total = 0;
        for (int i = 0; i < count; i++) {
            total += Math.exp(logits[i] - largest);
        }
        return total;
    }

    /** {@code e^(logit - largest)}; {@link #total} times the token's probability. */
    double weight(int i) {
        return Math.exp(logits[i] - largest());
    }

    /** Drops all but the first {@code n}. */
    void keep(int n) {
        count = Math.min(count, Math.max(n, 1));
        largest = Double.NaN;
        sorted = Math.min(sorted, count);
    }

    /** Drops those whose logit fails, but never all of them. */
    void keepIf(DoublePredicate test) {
        int kept = 0;
        for (int i = 0; i < count; i++) {
            if (test.test(logits[i])) {
                ids[kept] = ids[i];
                logits[kept] = logits[i];
                kept++;
            }
        }
        count = Math.max(kept, 1);
        largest = Double.NaN;
        sorted = Math.min(sorted, count);
    }

    /** Makes room for the next ones of this thread; none of these is dropped any more. */
    void settle() {
        ids = Arrays.copyOf(ids, count);
        logits = Arrays.copyOf(logits, count);
    }

    /** Puts the {@code n} most likely in front, in order. */
    void sort(int n) {
        int wanted = Math.min(n, count);
        if (wanted > sorted) {
            select(wanted);
            order(wanted, logit -> -logit);
            sorted = wanted;
        }
    }

    /** Sorts all by a key of the logit, lowest first. */
    void sortBy(DoubleUnaryOperator key) {
        order(count, key);
        sorted = 0;
    }

    private void order(int n, DoubleUnaryOperator key) {
        Integer[] places = new Integer[n];
        double[] keys = new double[n];
        for (int i = 0; i < n; i++) {
            places[i] = i;
            keys[i] = key.applyAsDouble(logits[i]);
        }
        Arrays.sort(
                places,
                (a, b) -> {
                    int byKey = Double.compare(keys[a], keys[b]);
                    return byKey != 0 ? byKey : Integer.compare(ids[a], ids[b]);
                });
        int[] sortedIds = new int[n];
        double[] sortedLogits = new double[n];
        for (int i = 0; i < n; i++) {
            sortedIds[i] = ids[places[i]];
            sortedLogits[i] = logits[places[i]];
        }
        System.arraycopy(sortedIds, 0, ids, 0, n);
        System.arraycopy(sortedLogits, 0, logits, 0, n);
    }

    /** Brings the {@code n} most likely to the front, in any order: quickselect. */
    private void select(int n) {
        int low = 0;
        int high = count - 1;
        while (low < high) {
            int pivot = partition(low, high, (low + high) >>> 1);
            if (pivot == n - 1) {
                return;
            }
            if (pivot < n - 1) {
                low = pivot + 1;
            } else {
                high = pivot - 1;
            }
        }
    }

    private int partition(int low, int high, int pivot) {
        swap(pivot, high);
        int next = low;
        for (int i = low; i < high; i++) {
            if (before(i, high)) {
                swap(i, next++);
            }
        }
        swap(next, high);
        return next;
    }

    private boolean before(int a, int b) {
        return logits[a] != logits[b] ? logits[a] > logits[b] : ids[a] < ids[b];
    }

    private void swap(int a, int b) {
        int id = ids[a];
        ids[a] = ids[b];
        ids[b] = id;
        double logit = logits[a];
        logits[a] = logits[b];
        logits[b] = logit;
    }
}
