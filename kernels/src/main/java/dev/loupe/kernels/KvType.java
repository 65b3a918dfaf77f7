package dev.loupe.kernels;

/** How keys and values are kept. */
public enum KvType {
    /** As they were computed. */
    F32,

    /**
     * In half the memory, with 11 significant bits. What is beyond {@code +-65504}, the largest
     * half, becomes that.
     */
    F16
}
