package dev.loupe.kernels.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Two 16-bit floats in every int lane. A half's exponent and fraction, moved to where a float has
 * them, are that number times 2^-112; halves that are NaN or infinite are refused when weights
 * load.
 */
final class Halves {
    /** Sign, exponent and fraction of a half after a shift by three. */
    static final int HALF = 0x8FFFE000;

    static final float REBIAS = 0x1p112f;

    private Halves() {}

    static FloatVector low(IntVector pair, boolean brain) {
        IntVector high = pair.lanewise(VectorOperators.LSHL, 16);
        return brain ? high.reinterpretAsFloats() : half(high);
    }

    static FloatVector high(IntVector pair, boolean brain) {
        return brain ? pair.and(0xFFFF0000).reinterpretAsFloats() : half(pair);
    }

    /** The half in the high sixteen bits. */
    private static FloatVector half(IntVector bits) {
        return bits.lanewise(VectorOperators.ASHR, 3).and(HALF).reinterpretAsFloats().mul(REBIAS);
    }
}
