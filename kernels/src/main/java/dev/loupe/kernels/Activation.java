package dev.loupe.kernels;

/** What an MLP does to each number between its two matrices. */
public enum Activation {
    /** {@code x * sigmoid(x)} (Elfwing et al. 2017, arXiv:1702.03118), also called swish. */
    SILU,
    /** {@code x * P(normal variable <= x)} (Hendrycks and Gimpel 2016, arXiv:1606.08415). */
    GELU,
    /** GELU with the distribution function approximated by a tanh, as GPT-2 has it. */
    GELU_TANH
}
