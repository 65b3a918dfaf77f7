package dev.loupe.model;

import dev.loupe.kernels.Weight;

/**
 * A matrix or vector of 32-bit floats that training can change.
 *
 * @param name as in GGUF: {@code blk.3.ffn_down.weight}; matrices that the model keeps as one have
 *     one name, {@code attn_qkv} or {@code ffn_gate_up}
 * @param rows outputs; 1 for a vector
 * @param cols inputs, or the length of a vector
 * @param data a matrix as {@link Weight.Floats} has it, in panels of 16 rows; a vector as it is
 */
public record Parameter(String name, int rows, int cols, float[][] data) {
    static Parameter matrix(String name, Weight.Floats weight) {
        return new Parameter(name, weight.rows(), weight.cols(), weight.data());
    }

    static Parameter vector(String name, float[] numbers) {
        return new Parameter(name, 1, numbers.length, new float[][] {numbers});
    }

    /** What a gradient is found by: the array that the model computes with. */
    Object key() {
        return isVector() ? data[0] : data;
    }

    /** Whether it is a norm's weight or a bias, which weight decay leaves alone. */
    public boolean isVector() {
        return rows == 1 && data[0].length == cols;
    }

    /** How many numbers it has. */
    public long size() {
        return (long) rows * cols;
    }
}
