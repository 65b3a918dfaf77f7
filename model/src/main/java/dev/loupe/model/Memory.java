package dev.loupe.model;

import dev.loupe.kernels.Tensor;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The activations of a {@link Tape} and their gradients. A gradient belongs to an array, so that
 * the gradient of a view is a view. Arrays that nobody needs any more are handed out again: a step
 * of training allocates what the step before it left.
 */
final class Memory {
    /**
     * A tensor with an array of its own.
     *
     * @param needed whether anybody asks for its gradient
     */
    private record Made(Tensor tensor, boolean needed) {}

    private final IdentityHashMap<float[], Made> made = new IdentityHashMap<>();
    private final IdentityHashMap<float[], float[]> gradients = new IdentityHashMap<>();
    private final Set<float[]> kept = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Map<Integer, Deque<float[]>> free = new HashMap<>();
    private float[] shared = new float[0];
    private @Nullable List<Tensor> noted;
    private int mostRows;
    private final Consumer<Tensor> zeros;

    /**
     * @param zeros makes all numbers of a tensor zero
     */
    Memory(Consumer<Tensor> zeros) {
        this.zeros = zeros;
    }

    /** From now on arrays hold at least so many rows, whatever is asked for. */
    void mostRows(int rows) {
        mostRows = rows;
    }

    /** A tensor whose numbers are about to be written, all of them. */
    Tensor room(int rows, int cols, boolean needed) {
        Tensor tensor = made(array(size(rows, cols)), rows, cols, needed);
        if (noted != null) {
            noted.add(tensor);
        }
        return tensor;
    }

    /**
     * A tensor in the one array that all who ask here share: it is never released, only its
     * gradient is.
     */
    Tensor sharedRoom(int rows, int cols, boolean needed) {
        int size = size(rows, cols);
        if (shared.length != size) {
            shared = array(size);
        }
        return made(shared, rows, cols, needed);
    }

    private Tensor made(float[] data, int rows, int cols, boolean needed) {
        Tensor tensor = new Tensor(data, 0, rows, cols, stride(cols), 0);
        made.put(data, new Made(tensor, needed));
        return tensor;
    }

    private int size(int rows, int cols) {
        return Math.multiplyExact(Math.max(rows, mostRows), stride(cols));
    }

    /** Rows that start at multiples of 512 bytes compete for the same lines of the cache. */
    private static int stride(int cols) {
        return cols % 128 == 0 ? cols + 16 : cols;
    }

    private float[] array(int n) {
        Deque<float[]> those = free.get(n);
        return those == null || those.isEmpty() ? new float[n] : those.pop();
    }

    /** How many numbers all arrays have room for. */
    long size() {
        return Stream.of(made.keySet().stream(), gradients.values().stream(), spare())
                .flatMap(arrays -> arrays)
                .mapToLong(array -> array.length)
                .sum();
    }

    private Stream<float[]> spare() {
        return free.values().stream().flatMap(Deque::stream);
    }

    private void giveBack(float[] array) {
        free.computeIfAbsent(array.length, n -> new ArrayDeque<>()).push(array);
    }

    /** Whether anybody asks for the gradient of a tensor; what others made is asked for. */
    boolean needed(Tensor x) {
        Made own = made.get(x.data());
        return own == null || own.needed;
    }

    /** Whether something was added to the gradient of a tensor, or of its neighbours. */
    boolean hasGradient(Tensor x) {
        return gradients.containsKey(x.data());
    }

    /** The gradient of a tensor, to add to. */
    Tensor gradient(Tensor x) {
        float[] gradient = gradients.get(x.data());
        if (gradient == null) {
            gradient = array(x.data().length);
            Made own = made.get(x.data());
            if (own == null) {
                Arrays.fill(gradient, 0);
            } else {
                zeros.accept(over(own.tensor, gradient));
            }
            gradients.put(x.data(), gradient);
        }
        return over(x, gradient);
    }

    /**
     * The gradient of a tensor, to write over: null if something was added to it, or if the tensor
     * is a part of another.
     */
    @Nullable Tensor freshGradient(Tensor x) {
        Made own = made.get(x.data());
        if (own == null || !own.tensor.equals(x) || gradients.containsKey(x.data())) {
            return null;
        }
        float[] gradient = array(x.data().length);
        gradients.put(x.data(), gradient);
        return over(x, gradient);
    }

    private static Tensor over(Tensor x, float[] data) {
        return new Tensor(data, x.offset(), x.rows(), x.cols(), x.stride(), x.generated());
    }

    /** The gradient of one becomes that of another of the same layout. */
    void moveGradient(Tensor from, Tensor to) {
        float[] gradient = gradients.remove(from.data());
        if (gradient != null) {
            gradients.put(to.data(), gradient);
        }
    }

    /** Its numbers and its gradient stay until {@link #clear}. */
    void keep(Tensor x) {
        kept.add(x.data());
    }

    /** Nobody needs it any more, unless it is kept. */
    void release(Tensor x) {
        if (kept.contains(x.data())) {
            return;
        }
        float[] gradient = gradients.remove(x.data());
        if (gradient != null) {
            giveBack(gradient);
        }
        if (!isShared(x.data()) && made.remove(x.data()) != null) {
            giveBack(x.data());
        }
    }

    @SuppressWarnings("ReferenceEquality") // which array it is, whatever is in it
    private boolean isShared(float[] data) {
        return data == shared;
    }

    /** Notes from now on what is made. */
    void note() {
        noted = new ArrayList<>();
    }

    /** Releases all that was noted but one tensor, and notes no longer. */
    void releaseNoted(Tensor but) {
        List<Tensor> all = noted == null ? List.of() : noted;
        noted = null;
        for (Tensor tensor : all) {
            if (!tensor.equals(but)) {
                release(tensor);
            }
        }
    }

    /** Releases all; kept arrays are left to those who asked for them. */
    void clear() {
        noted = null;
        made.keySet().stream()
                .filter(array -> !kept.contains(array) && !isShared(array))
                .forEach(this::giveBack);
        made.clear();
        gradients.clear();
        kept.clear();
    }
}
