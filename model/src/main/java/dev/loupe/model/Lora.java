package dev.loupe.model;

import dev.loupe.kernels.Weight;

/**
 * A low-rank addition to a matrix (Hu et al. 2021, arXiv:2106.09685): {@code scale * B A x} is
 * added to the outputs {@code [first, first + b.rows())}. Queries, keys and values have one matrix,
 * and each its own adapter.
 *
 * @param a {@code [rank, inputs]}
 * @param b {@code [outputs, rank]}
 * @param scale {@code alpha / rank}
 * @param first the first output that it adds to
 */
public record Lora(Weight a, Weight b, float scale, int first) {
    public Lora {
        if (a.rows() != b.cols() || first < 0) {
            String shapes =
                    "adapter for outputs from %d: found A of [%d, %d] and B of [%d, %d]"
                            .formatted(first, a.rows(), a.cols(), b.rows(), b.cols());
            throw new IllegalArgumentException(
                    shapes + ", expected as many rows of A as columns of B");
        }
    }
}
