package dev.loupe.model;

import dev.loupe.kernels.Weight;

import org.jspecify.annotations.Nullable;

/**
 * {@code y = W x + b}.
 *
 * @param weight {@code [outputs, inputs]}
 * @param bias one number for each output, or null
 */
public record Linear(Weight weight, float @Nullable [] bias) {}
