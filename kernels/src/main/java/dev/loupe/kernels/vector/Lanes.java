package dev.loupe.kernels.vector;

import dev.loupe.kernels.Weight;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

import java.nio.ByteOrder;

/** The vectors of this machine: as wide as it prefers, at most a panel. */
final class Lanes {
    static final VectorSpecies<Float> F = widest();
    static final VectorSpecies<Integer> I = VectorSpecies.of(int.class, F.vectorShape());

    /** Lanes of a vector: 4, 8 or 16. */
    static final int L = F.length();

    /** How numbers lie outside of the heap. */
    static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private Lanes() {}

    private static VectorSpecies<Float> widest() {
        VectorSpecies<Float> preferred = FloatVector.SPECIES_PREFERRED;
        return preferred.length() > Weight.PANEL ? FloatVector.SPECIES_512 : preferred;
    }

    /** Loads the first {@code lanes} lanes, zeros beyond; all zeros if that is not positive. */
    static FloatVector load(float[] x, int offset, int lanes) {
        return lanes >= L ? FloatVector.fromArray(F, x, offset) : loadSome(x, offset, lanes);
    }

    private static FloatVector loadSome(float[] x, int offset, int lanes) {
        return lanes > 0
                ? FloatVector.fromArray(F, x, offset, F.indexInRange(0, lanes))
                : FloatVector.zero(F);
    }

    /**
     * Stores the first {@code lanes} lanes; none if that is not positive. Short enough to be
     * inlined always: a vector that is handed to a method becomes an object.
     */
    static void store(FloatVector v, float[] y, int offset, int lanes) {
        if (lanes >= L) {
            v.intoArray(y, offset);
        } else {
            storeSome(v, y, offset, lanes);
        }
    }

    private static void storeSome(FloatVector v, float[] y, int offset, int lanes) {
        if (lanes > 0) {
            v.intoArray(y, offset, F.indexInRange(0, lanes));
        }
    }
}
