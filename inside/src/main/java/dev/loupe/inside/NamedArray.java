package dev.loupe.inside;

import java.util.Arrays;
import java.util.Objects;

/**
 * Numbers with as many axes as they need, the last one running fastest.
 *
 * @param name what they are
 * @param shape how long each axis is
 * @param values the numbers; as many as the product of the shape
 */
public record NamedArray(String name, int[] shape, float[] values) {
    public NamedArray {
        long size = 1;
        for (int n : shape) {
            size *= n;
        }
        if (size != values.length) {
            throw new IllegalArgumentException(
                    "%s: found %d numbers, expected those of %s"
                            .formatted(name, values.length, Arrays.toString(shape)));
        }
    }

    /** Where the number at these places of the axes is. */
    public int index(int... at) {
        int index = 0;
        for (int axis = 0; axis < shape.length; axis++) {
            index = index * shape[axis] + Objects.checkIndex(at[axis], shape[axis]);
        }
        return index;
    }

    /** The number at these places of the axes. */
    public float at(int... at) {
        return values[index(at)];
    }

    /** The mean over the first axis, which is usually that of tokens. */
    public float[] mean() {
        float[] mean = new float[values.length / shape[0]];
        for (int i = 0; i < values.length; i++) {
            mean[i % mean.length] += values[i] / shape[0];
        }
        return mean;
    }
}
