package dev.loupe.model;

import dev.loupe.kernels.Processor;
import dev.loupe.kernels.Weight;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;

/**
 * The gradient of each parameter that is trained: a {@link Tape} adds to them, until they are
 * cleared. What is not among the parameters is frozen, and costs nothing.
 */
public final class Gradients {
    private final List<Parameter> parameters;
    private final IdentityHashMap<Object, float[][]> gradients = new IdentityHashMap<>();
    private final IdentityHashMap<Object, Integer> places = new IdentityHashMap<>();
    private final float[][] all;

    /** All zeros. */
    public Gradients(List<Parameter> parameters) {
        this.parameters = List.copyOf(parameters);
        for (Parameter parameter : parameters) {
            float[][] gradient = new float[parameter.data().length][];
            for (int i = 0; i < gradient.length; i++) {
                gradient[i] = new float[parameter.data()[i].length];
            }
            gradients.put(parameter.key(), gradient);
            places.put(parameter.key(), places.size());
        }
        all = gradients.values().stream().flatMap(Arrays::stream).toArray(float[][]::new);
    }

    /** What is trained. */
    public List<Parameter> parameters() {
        return parameters;
    }

    /**
     * The gradient of a parameter, laid out as its {@link Parameter#data}.
     *
     * @throws IllegalArgumentException if it is not among those that are trained
     */
    public float[][] of(Parameter parameter) {
        float[][] gradient = gradients.get(parameter.key());
        if (gradient == null) {
            throw new IllegalArgumentException(
                    "parameter " + parameter.name() + " is not among those that are trained");
        }
        return gradient;
    }

    /** Back to zeros. */
    public void clear(Processor processor) {
        processor
                .threads()
                .each(
                        all.length,
                        Math.max(1, all.length / 64),
                        (worker, from, to) -> {
                            for (int i = from; i < to; i++) {
                                Arrays.fill(all[i], 0);
                            }
                        });
    }

    /** Which of the parameters a matrix is, from 0; -1 if it is frozen. */
    int place(Weight weight) {
        Integer place = weight instanceof Weight.Floats floats ? places.get(floats.data()) : null;
        return place == null ? -1 : place;
    }

    /** The gradient of a matrix, or null if it is frozen. */
    float @Nullable [][] of(Weight weight) {
        return weight instanceof Weight.Floats floats ? gradients.get(floats.data()) : null;
    }

    /** The gradient of a vector, or null if it is frozen or not there. */
    float @Nullable [] of(float @Nullable [] vector) {
        float[][] gradient = vector == null ? null : gradients.get(vector);
        return gradient == null ? null : gradient[0];
    }
}
