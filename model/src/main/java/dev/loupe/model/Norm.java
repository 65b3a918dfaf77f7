package dev.loupe.model;

import dev.loupe.kernels.Normalization;

import org.jspecify.annotations.Nullable;

/**
 * A normalisation over each group of {@code weight.length} columns.
 *
 * @param bias as long as the weight, or null
 * @param eps keeps the divisor from zero
 */
public record Norm(Normalization.Kind kind, float[] weight, float @Nullable [] bias, float eps) {}
