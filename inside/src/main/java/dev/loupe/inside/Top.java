package dev.loupe.inside;

import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.function.IntPredicate;

/** The largest of many numbers. */
final class Top {
    private Top() {}

    /** Where the {@code n} largest are, the largest first; of equal ones the first. */
    static int[] of(float[] numbers, int n) {
        return of(numbers, n, i -> true);
    }

    /** The same of those places that are allowed. */
    static int[] of(float[] numbers, int n, IntPredicate allowed) {
        Comparator<Integer> worstFirst =
                Comparator.<Integer>comparingDouble(i -> numbers[i])
                        .thenComparing(Comparator.reverseOrder());
        PriorityQueue<Integer> best = new PriorityQueue<>(worstFirst);
        float least = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < numbers.length; i++) {
            if ((best.size() == n && numbers[i] <= least) || !allowed.test(i) || n == 0) {
                continue;
            }
            best.add(i);
            if (best.size() > n) {
                best.remove();
            }
            least = numbers[best.element()];
        }
        int[] top = new int[best.size()];
        for (int i = top.length - 1; i >= 0; i--) {
            top[i] = best.remove();
        }
        return top;
    }
}
