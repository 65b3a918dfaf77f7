package dev.loupe.kernels;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The inputs of one generated token, made ready for a weight's layout.
 *
 * @param plain one for each column, as they are; after an odd number of columns a zero
 * @param values the same, scaled to make up for the place of its code ({@link Coding}); the same
 *     array where there are no codes
 * @param starts for each group of columns what its sum starts with: minus the code that stands for
 *     zero, times the sum of the group's inputs
 * @param sums for each group of columns the sum of the inputs, times which offsets count
 */
public record Activations(float[] plain, float[] values, float[] starts, float[] sums) {
    private static final Map<Coding, float[]> INVERSES = new ConcurrentHashMap<>();

    /** So many tokens of a shape have room when no product runs. */
    private static final int KEPT = 64;

    /**
     * Each thread's room for the tokens of its products. Made anew for each of them it was a
     * quarter of all garbage where many sequences are continued together.
     */
    private static final ThreadLocal<Map<Shape, List<Activations>>> FREE =
            ThreadLocal.withInitial(HashMap::new);

    /**
     * All tokens made ready for each of some weights; those that read them alike share one.
     *
     * @param x {@code [token, cols]}
     */
    static List<Activations[]> ofTokens(List<Weight> weights, Tensor x) {
        List<Activations[]> all = new ArrayList<>();
        for (Weight weight : weights) {
            int same = 0;
            while (!alike(weights.get(same), weight)) {
                same++;
            }
            all.add(same < all.size() ? all.get(same) : ofTokens(weight, x));
        }
        return all;
    }

    private static boolean alike(Weight a, Weight b) {
        if (a instanceof Weight.Codes c && b instanceof Weight.Codes d) {
            return c.coding() == d.coding()
                    && c.groupSize() == d.groupSize()
                    && c.zero() == d.zero();
        }
        return !(a instanceof Weight.Codes) && !(b instanceof Weight.Codes);
    }

    private static Activations[] ofTokens(Weight weight, Tensor x) {
        Activations[] tokens = new Activations[x.rows()];
        List<Activations> free = free(weight);
        for (int t = 0; t < tokens.length; t++) {
            tokens[t] = free.isEmpty() ? roomFor(weight) : free.removeLast();
            tokens[t].read(weight, x.data(), x.row(t));
        }
        return tokens;
    }

    /** Lets this thread's next product have the room of tokens that nobody reads any more. */
    static void release(List<Weight> weights, List<Activations[]> ready) {
        for (int i = 0; i < ready.size(); i++) {
            boolean first = ready.indexOf(ready.get(i)) == i;
            if (first) {
                List<Activations> free = free(weights.get(i));
                int room = Math.clamp(KEPT - free.size(), 0, ready.get(i).length);
                free.addAll(Arrays.asList(ready.get(i)).subList(0, room));
            }
        }
    }

    private static List<Activations> free(Weight weight) {
        return FREE.get().computeIfAbsent(Shape.of(weight), shape -> new ArrayList<>());
    }

    /** How much room it takes to read a token for a weight. */
    private record Shape(int cols, int groups) {
        static Shape of(Weight weight) {
            int groups = weight instanceof Weight.Codes codes ? codes.groups() : 0;
            return new Shape(weight.cols(), groups);
        }
    }

    /** Room for the inputs of {@code weight}. */
    public static Activations roomFor(Weight weight) {
        // halves are read in pairs: an odd number of columns is followed by a zero
        float[] plain = new float[weight.cols() + weight.cols() % 2];
        if (weight instanceof Weight.Codes codes) {
            float[] values = new float[plain.length];
            int groups = codes.groups();
            return new Activations(plain, values, new float[groups], new float[groups]);
        }
        return new Activations(plain, plain, new float[0], new float[0]);
    }

    /** Reads {@code weight.cols()} inputs from {@code x[offset ..]}. */
    public void read(Weight weight, float[] x, int offset) {
        System.arraycopy(x, offset, plain, 0, weight.cols());
        if (!(weight instanceof Weight.Codes codes)) {
            return;
        }
        int size = codes.groupSize();
        for (int group = 0; group < codes.groups(); group++) {
            float even = 0;
            float odd = 0;
            for (int k = group * size; k < (group + 1) * size; k += 2) {
                even += x[offset + k];
                odd += x[offset + k + 1];
            }
            sums[group] = even + odd;
            starts[group] = -codes.zero() * (even + odd);
        }
        float[] inverses = inverses(codes.coding(), codes.cols());
        for (int k = 0; k < codes.cols(); k++) {
            values[k] = plain[k] * inverses[k];
        }
    }

    /** For at least so many columns; the longest that was asked for is kept. */
    private static float[] inverses(Coding coding, int cols) {
        return INVERSES.compute(
                coding,
                (c, known) -> known == null || known.length < cols ? c.inverses(cols) : known);
    }
}
