package dev.loupe.kernels;

import java.util.Optional;

/**
 * How a checkpoint stores the numbers of a tensor: as floats, or quantised in blocks of neighbours
 * in a row. Ids, block sizes and names are those of the GGUF specification (ggml, {@code enum
 * ggml_type}).
 */
public enum TensorType {
    F32(0, 1, 4),
    F16(1, 1, 2),
    Q4_0(2, 32, 18),
    Q4_1(3, 32, 20),
    Q5_0(6, 32, 22),
    Q5_1(7, 32, 24),
    Q8_0(8, 32, 34),
    Q2_K(10, 256, 84),
    Q3_K(11, 256, 110),
    Q4_K(12, 256, 144),
    Q5_K(13, 256, 176),
    Q6_K(14, 256, 210),
    IQ4_NL(20, 32, 18),
    IQ4_XS(23, 256, 136),
    BF16(30, 1, 2),
    TQ1_0(34, 256, 54),
    TQ2_0(35, 256, 66),
    MXFP4(39, 32, 17);

    private final int id;
    private final int blockSize;
    private final int blockBytes;

    TensorType(int id, int blockSize, int blockBytes) {
        this.id = id;
        this.blockSize = blockSize;
        this.blockBytes = blockBytes;
    }

    /** The number that a GGUF file writes for this type. */
    public int id() {
        return id;
    }

    /** How many numbers a block holds; 1 for the float types. */
    public int blockSize() {
        return blockSize;
    }

    /** How many bytes a block takes. */
    public int blockBytes() {
        return blockBytes;
    }

    /** True for types whose blocks hold integer codes with scales. */
    public boolean quantised() {
        return blockSize > 1;
    }

    /**
     * How many neighbours share a scale and an offset in {@link Blocks#unpack}: 16 or 32 for
     * quantised types, 1 for float types.
     */
    public int groupSize() {
        return switch (this) {
            case F32, F16, BF16 -> 1;
            case Q2_K, Q3_K, Q6_K -> 16;
            case Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, IQ4_NL, IQ4_XS, TQ1_0, TQ2_0, MXFP4 ->
                    32;
        };
    }

    /** True for quantised types whose groups have an offset beside the scale. */
    public boolean hasOffsets() {
        return switch (this) {
            case Q4_1, Q5_1, Q2_K, Q4_K, Q5_K -> true;
            case F32, F16, BF16 -> false;
            case Q4_0, Q5_0, Q8_0, Q3_K, Q6_K, IQ4_NL, IQ4_XS, TQ1_0, TQ2_0, MXFP4 -> false;
        };
    }

    /**
     * How many bytes {@code elements} numbers take.
     *
     * @throws IllegalArgumentException if they are not a whole number of blocks
     * @throws ArithmeticException if the result exceeds a long
     */
    public long bytes(long elements) {
        if (elements < 0 || elements % blockSize != 0) {
            throw new IllegalArgumentException(
                    elements
                            + " numbers are not a whole number of "
                            + this
                            + " blocks of "
                            + blockSize);
        }
        return Math.multiplyExact(elements / blockSize, blockBytes);
    }

    /** The type with this GGUF id. */
    public static Optional<TensorType> ofId(int id) {
        for (TensorType type : values()) {
            if (type.id == id) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }
}
