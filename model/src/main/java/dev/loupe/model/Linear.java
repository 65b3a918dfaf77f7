package dev.loupe.model;

import dev.loupe.kernels.Weight;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * {@code y = W x + b}.
 *
 * @param weight {@code [outputs, inputs]}
 * @param bias one number for each output, or null
 * @param adapters what fine-tuning adds to some of the outputs
 */
public record Linear(Weight weight, float @Nullable [] bias, List<Lora> adapters) {
    public Linear {
        adapters = List.copyOf(adapters);
        for (Lora lora : adapters) {
            if (lora.a().cols() != weight.cols()
                    || lora.first() + lora.b().rows() > weight.rows()) {
                throw new IllegalArgumentException(
                        "adapter [%d, %d] for outputs from %d: does not fit a weight of [%d, %d]"
                                .formatted(
                                        lora.b().rows(),
                                        lora.a().cols(),
                                        lora.first(),
                                        weight.rows(),
                                        weight.cols()));
            }
        }
    }

    /** Without adapters. */
    public Linear(Weight weight, float @Nullable [] bias) {
        this(weight, bias, List.of());
    }

    /** The same with other adapters. */
    public Linear with(List<Lora> others) {
        return new Linear(weight, bias, others);
    }

    /**
     * The weight, if it is all there is.
     *
     * @throws IllegalArgumentException if there are adapters
     */
    Weight withoutAdapters() {
        if (!adapters.isEmpty()) {
            throw new IllegalArgumentException(
                    "the unembedding has adapters, which its fused loss does not know; adapt other"
                            + " matrices");
        }
        return weight;
    }
}
