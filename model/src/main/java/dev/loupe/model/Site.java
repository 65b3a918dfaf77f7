package dev.loupe.model;

/** The places of the forward pass where {@link Taps} can look in, in the order of the data. */
public enum Site {
    /** Token vectors, {@code [token, nEmbd]}. */
    EMBED,
    /** Position vectors, {@code [token, nEmbd]}. */
    POS_EMBED,
    /** The residual stream that a block reads, {@code [token, nEmbd]}. */
    RESID_PRE,
    /** What attention reads, {@code [token, nEmbd]}. */
    NORMALIZED1,
    /** Queries before rotation, {@code [token, nHead * headDim]}. */
    Q,
    /** Keys before rotation, {@code [token, nKvHead * headDim]}. */
    K,
    /** Values, {@code [token, nKvHead * headDim]}. */
    V,
    /** Queries after rotation. */
    ROT_Q,
    /** Keys after rotation. */
    ROT_K,
    /** Scaled products of queries and keys, {@code [token, nHead * keys]}, masked by -infinity. */
    SCORES,
    /** The softmax of the scores, {@code [token, nHead * keys]}. */
    PATTERN,
    /** Mixed values, {@code [token, nHead * headDim]}. */
    Z,
    /** What attention writes, {@code [token, nEmbd]}. */
    ATTN_OUT,
    /** The residual stream between attention and MLP, {@code [token, nEmbd]}. */
    RESID_MID,
    /** What the MLP reads, {@code [token, nEmbd]}. */
    NORMALIZED2,
    /** Neurons before their activation, {@code [token, nInner]}; in a gated MLP the gate. */
    MLP_PRE,
    /** What a gate is multiplied with, {@code [token, nInner]}. */
    MLP_PRE_LINEAR,
    /** Neurons, {@code [token, nInner]}. */
    MLP_POST,
    /** What the MLP writes, {@code [token, nEmbd]}. */
    MLP_OUT,
    /** The residual stream after a block, {@code [token, nEmbd]}. */
    RESID_POST,
    /** The residual stream after the last norm, {@code [token, nEmbd]}. */
    FINAL
}
