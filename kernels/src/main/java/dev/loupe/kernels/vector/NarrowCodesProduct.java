package dev.loupe.kernels.vector;

import static dev.loupe.kernels.Weight.PANEL;
import static dev.loupe.kernels.vector.Lanes.F;
import static dev.loupe.kernels.vector.Lanes.I;
import static dev.loupe.kernels.vector.Lanes.L;

import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import dev.loupe.kernels.Activations;
import dev.loupe.kernels.Weight;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * {@link CodesProduct} for processors with 16 vector registers, where the two vectors {@code u} and
 * {@code v} are parts of one panel. Codes that are masked where they lie do not depend on each
 * other, and the JIT makes all of them ready at once, more than there are registers: the sums went
 * to memory and back for every int of codes. Here an int is shifted down from one code to the next.
 * That keeps the order, and inputs need not make up for the places of codes. A third faster on Zen
 * 3; not measured where there are 32 registers. The sums have the same bits.
 */
final class NarrowCodesProduct {
    private NarrowCodesProduct() {}

    static void multiply(Weight.Codes w, Turns turns, Activations x) {
        int[] codes = w.codes()[turns.u];
        int[] next = w.codes()[turns.nextU];
        int each = w.scales().eachGroup();
        switch (w.coding()) {
            case FOUR_BITS -> fours(codes, next, w.groupSize(), each, turns, x);
            case FIVE_BITS -> fives(codes, next, each, turns, x);
            case SIX_BITS -> sixes(codes, next, each, turns, x);
            case EIGHT_BITS -> eights(codes, next, w.groupSize(), each, turns, x);
        }
    }

    private static void fours(
            int[] codes, int[] next, int size, int each, Turns turns, Activations in) {
        int uLane = turns.uLane;
        int vLane = turns.vLane;
        float[] scales = turns.wide.scales();
        float[] offsets = turns.wide.offsets();
        float[] x = in.plain();
        float[] sums = in.sums();
        int[] nextScales = turns.nextUScales;
        int[] nextOffsets = turns.nextUOffsets;
        int ahead = 0;
        FloatVector uSum = FloatVector.zero(F);
        FloatVector vSum = uSum;
        for (int group = 0; group < sums.length; group++) {
            FloatVector uEven = FloatVector.broadcast(F, in.starts()[group]);
            FloatVector vEven = uEven;
            FloatVector uOdd = FloatVector.zero(F);
            FloatVector vOdd = uOdd;
            int words = size / 8;
            for (int i = group * words; i < (group + 1) * words; i++) {
                ahead += next[i * PANEL];
                IntVector a = IntVector.fromArray(I, codes, i * PANEL + uLane);
                IntVector c = IntVector.fromArray(I, codes, i * PANEL + vLane);
                FloatVector b = FloatVector.broadcast(F, x[8 * i]);
                uEven = ((FloatVector) a.and(0xF).convert(I2F, 0)).fma(b, uEven);
                vEven = ((FloatVector) c.and(0xF).convert(I2F, 0)).fma(b, vEven);
                a = a.lanewise(LSHR, 4);
                c = c.lanewise(LSHR, 4);
                b = FloatVector.broadcast(F, x[8 * i + 1]);
                uOdd = ((FloatVector) a.and(0xF).convert(I2F, 0)).fma(b, uOdd);
                vOdd = ((FloatVector) c.and(0xF).convert(I2F, 0)).fma(b, vOdd);
                a = a.lanewise(LSHR, 4);
                c = c.lanewise(LSHR, 4);
                b = FloatVector.broadcast(F, x[8 * i + 2]);
                uEven = ((FloatVector) a.and(0xF).convert(I2F, 0)).fma(b, uEven);
                vEven = ((FloatVector) c.and(0xF).convert(I2F, 0)).fma(b, vEven);
                a = a.lanewise(LSHR, 4);
                c = c.lanewise(LSHR, 4);
                b = FloatVector.broadcast(F, x[8 * i + 3]);
                uOdd = ((FloatVector) a.and(0xF).convert(I2F, 0)).fma(b, uOdd);
                vOdd = ((FloatVector) c.and(0xF).convert(I2F, 0)).fma(b, vOdd);
                a = a.lanewise(LSHR, 4);
                c = c.lanewise(LSHR, 4);
                b = FloatVector.broadcast(F, x[8 * i + 4]);
                uEven = ((FloatVector) a.and(0xF).convert(I2F, 0)).fma(b, uEven);
                vEven = ((FloatVector) c.and(0xF).convert(I2F, 0)).fma(b, vEven);
                a = a.lanewise(LSHR, 4);
                c = c.lanewise(LSHR, 4);
                b = FloatVector.broadcast(F, x[8 * i + 5]);
                uOdd = ((FloatVector) a.and(0xF).convert(I2F, 0)).fma(b, uOdd);
                vOdd = ((FloatVector) c.and(0xF).convert(I2F, 0)).fma(b, vOdd);
                a = a.lanewise(LSHR, 4);
                c = c.lanewise(LSHR, 4);
                b = FloatVector.broadcast(F, x[8 * i + 6]);
                uEven = ((FloatVector) a.and(0xF).convert(I2F, 0)).fma(b, uEven);
                vEven = ((FloatVector) c.and(0xF).convert(I2F, 0)).fma(b, vEven);
                a = a.lanewise(LSHR, 4);
                c = c.lanewise(LSHR, 4);
                b = FloatVector.broadcast(F, x[8 * i + 7]);
                uOdd = ((FloatVector) a.convert(I2F, 0)).fma(b, uOdd);
                vOdd = ((FloatVector) c.convert(I2F, 0)).fma(b, vOdd);
            }
            int of = group * each;
            ahead += nextScales[of] + nextOffsets[of];
            int uAt = group * PANEL + turns.uScale;
            int vAt = group * PANEL + turns.vScale;
            uSum = uEven.add(uOdd).fma(FloatVector.fromArray(F, scales, uAt), uSum);
            vSum = vEven.add(vOdd).fma(FloatVector.fromArray(F, scales, vAt), vSum);
            if (offsets.length > 0) {
                FloatVector sum = FloatVector.broadcast(F, sums[group]);
                uSum = FloatVector.fromArray(F, offsets, uAt).fma(sum, uSum);
                vSum = FloatVector.fromArray(F, offsets, vAt).fma(sum, vSum);
            }
        }
        uSum.intoArray(turns.out, 0);
        vSum.intoArray(turns.out, L);
        turns.ahead = ahead;
    }

    private static void fives(int[] codes, int[] next, int each, Turns turns, Activations in) {
        int uLane = turns.uLane;
        int vLane = turns.vLane;
        float[] scales = turns.wide.scales();
        float[] offsets = turns.wide.offsets();
        float[] x = in.plain();
        float[] sums = in.sums();
        int[] nextScales = turns.nextUScales;
        int[] nextOffsets = turns.nextUOffsets;
        int ahead = 0;
        FloatVector uSum = FloatVector.zero(F);
        FloatVector vSum = uSum;
        for (int group = 0; group < sums.length; group++) {
            FloatVector uEven = FloatVector.broadcast(F, in.starts()[group]);
            FloatVector vEven = uEven;
            FloatVector uOdd = FloatVector.zero(F);
            FloatVector vOdd = uOdd;
            IntVector uRest = IntVector.zero(I);
            IntVector vRest = uRest;
            for (int i = group * 5; i < group * 5 + 5; i++) {
                ahead += next[i * PANEL];
                IntVector a = IntVector.fromArray(I, codes, i * PANEL + uLane);
                IntVector c = IntVector.fromArray(I, codes, i * PANEL + vLane);
                int k = 6 * i + 2 * group;
                FloatVector b = FloatVector.broadcast(F, x[k]);
                uEven = ((FloatVector) a.and(0x1F).convert(I2F, 0)).fma(b, uEven);
                vEven = ((FloatVector) c.and(0x1F).convert(I2F, 0)).fma(b, vEven);
                a = a.lanewise(LSHR, 5);
                c = c.lanewise(LSHR, 5);
                b = FloatVector.broadcast(F, x[k + 1]);
                uOdd = ((FloatVector) a.and(0x1F).convert(I2F, 0)).fma(b, uOdd);
                vOdd = ((FloatVector) c.and(0x1F).convert(I2F, 0)).fma(b, vOdd);
                a = a.lanewise(LSHR, 5);
                c = c.lanewise(LSHR, 5);
                b = FloatVector.broadcast(F, x[k + 2]);
                uEven = ((FloatVector) a.and(0x1F).convert(I2F, 0)).fma(b, uEven);
                vEven = ((FloatVector) c.and(0x1F).convert(I2F, 0)).fma(b, vEven);
                a = a.lanewise(LSHR, 5);
                c = c.lanewise(LSHR, 5);
                b = FloatVector.broadcast(F, x[k + 3]);
                uOdd = ((FloatVector) a.and(0x1F).convert(I2F, 0)).fma(b, uOdd);
                vOdd = ((FloatVector) c.and(0x1F).convert(I2F, 0)).fma(b, vOdd);
                a = a.lanewise(LSHR, 5);
                c = c.lanewise(LSHR, 5);
                b = FloatVector.broadcast(F, x[k + 4]);
                uEven = ((FloatVector) a.and(0x1F).convert(I2F, 0)).fma(b, uEven);
                vEven = ((FloatVector) c.and(0x1F).convert(I2F, 0)).fma(b, vEven);
                a = a.lanewise(LSHR, 5);
                c = c.lanewise(LSHR, 5);
                b = FloatVector.broadcast(F, x[k + 5]);
                uOdd = ((FloatVector) a.and(0x1F).convert(I2F, 0)).fma(b, uOdd);
                vOdd = ((FloatVector) c.and(0x1F).convert(I2F, 0)).fma(b, vOdd);
                a = a.lanewise(LSHR, 5);
                c = c.lanewise(LSHR, 5);
                uRest = uRest.lanewise(LSHR, 2).or(a.lanewise(LSHL, 30));
                vRest = vRest.lanewise(LSHR, 2).or(c.lanewise(LSHL, 30));
            }
            // ten bits are at the top now
            FloatVector b = FloatVector.broadcast(F, x[group * 32 + 30]);
            IntVector uCode = uRest.lanewise(LSHR, 22).and(0x1F);
            IntVector vCode = vRest.lanewise(LSHR, 22).and(0x1F);
            uEven = ((FloatVector) uCode.convert(I2F, 0)).fma(b, uEven);
            vEven = ((FloatVector) vCode.convert(I2F, 0)).fma(b, vEven);
            b = FloatVector.broadcast(F, x[group * 32 + 31]);
            uOdd = ((FloatVector) uRest.lanewise(LSHR, 27).convert(I2F, 0)).fma(b, uOdd);
            vOdd = ((FloatVector) vRest.lanewise(LSHR, 27).convert(I2F, 0)).fma(b, vOdd);
            int of = group * each;
            ahead += nextScales[of] + nextOffsets[of];
            int uAt = group * PANEL + turns.uScale;
            int vAt = group * PANEL + turns.vScale;
            uSum = uEven.add(uOdd).fma(FloatVector.fromArray(F, scales, uAt), uSum);
            vSum = vEven.add(vOdd).fma(FloatVector.fromArray(F, scales, vAt), vSum);
            if (offsets.length > 0) {
                FloatVector sum = FloatVector.broadcast(F, sums[group]);
                uSum = FloatVector.fromArray(F, offsets, uAt).fma(sum, uSum);
                vSum = FloatVector.fromArray(F, offsets, vAt).fma(sum, vSum);
            }
        }
        uSum.intoArray(turns.out, 0);
        vSum.intoArray(turns.out, L);
        turns.ahead = ahead;
    }

    private static void sixes(int[] codes, int[] next, int each, Turns turns, Activations in) {
        int uLane = turns.uLane;
        int vLane = turns.vLane;
        float[] scales = turns.wide.scales();
        float[] offsets = turns.wide.offsets();
        float[] x = in.plain();
        float[] sums = in.sums();
        int[] nextScales = turns.nextUScales;
        int[] nextOffsets = turns.nextUOffsets;
        int ahead = 0;
        FloatVector uSum = FloatVector.zero(F);
        FloatVector vSum = uSum;
        for (int group = 0; group < sums.length; group++) {
            FloatVector uEven = FloatVector.broadcast(F, in.starts()[group]);
            FloatVector vEven = uEven;
            FloatVector uOdd = FloatVector.zero(F);
            FloatVector vOdd = uOdd;
            IntVector uRest = IntVector.zero(I);
            IntVector vRest = uRest;
            for (int i = group * 3; i < group * 3 + 3; i++) {
                ahead += next[i * PANEL];
                IntVector a = IntVector.fromArray(I, codes, i * PANEL + uLane);
                IntVector c = IntVector.fromArray(I, codes, i * PANEL + vLane);
                int k = 4 * i + 4 * group;
                FloatVector b = FloatVector.broadcast(F, x[k]);
                uEven = ((FloatVector) a.and(0x3F).convert(I2F, 0)).fma(b, uEven);
                vEven = ((FloatVector) c.and(0x3F).convert(I2F, 0)).fma(b, vEven);
                a = a.lanewise(LSHR, 6);
                c = c.lanewise(LSHR, 6);
                b = FloatVector.broadcast(F, x[k + 1]);
                uOdd = ((FloatVector) a.and(0x3F).convert(I2F, 0)).fma(b, uOdd);
                vOdd = ((FloatVector) c.and(0x3F).convert(I2F, 0)).fma(b, vOdd);
                a = a.lanewise(LSHR, 6);
                c = c.lanewise(LSHR, 6);
                b = FloatVector.broadcast(F, x[k + 2]);
                uEven = ((FloatVector) a.and(0x3F).convert(I2F, 0)).fma(b, uEven);
                vEven = ((FloatVector) c.and(0x3F).convert(I2F, 0)).fma(b, vEven);
                a = a.lanewise(LSHR, 6);
                c = c.lanewise(LSHR, 6);
                b = FloatVector.broadcast(F, x[k + 3]);
                uOdd = ((FloatVector) a.and(0x3F).convert(I2F, 0)).fma(b, uOdd);
                vOdd = ((FloatVector) c.and(0x3F).convert(I2F, 0)).fma(b, vOdd);
                a = a.lanewise(LSHR, 6);
                c = c.lanewise(LSHR, 6);
                uRest = uRest.lanewise(LSHR, 8).or(a.lanewise(LSHL, 24));
                vRest = vRest.lanewise(LSHR, 8).or(c.lanewise(LSHL, 24));
            }
            // three codes with two bits of the last one above each
            int k = group * 16 + 12;
            IntVector uLast = uRest.lanewise(LSHR, 14).and(3);
            IntVector vLast = vRest.lanewise(LSHR, 14).and(3);
            uLast = uLast.or(uRest.lanewise(LSHR, 20).and(0xC));
            vLast = vLast.or(vRest.lanewise(LSHR, 20).and(0xC));
            uLast = uLast.or(uRest.lanewise(LSHR, 26).and(0x30));
            vLast = vLast.or(vRest.lanewise(LSHR, 26).and(0x30));
            uRest = uRest.lanewise(LSHR, 8);
            vRest = vRest.lanewise(LSHR, 8);
            FloatVector b = FloatVector.broadcast(F, x[k]);
            uEven = ((FloatVector) uRest.and(0x3F).convert(I2F, 0)).fma(b, uEven);
            vEven = ((FloatVector) vRest.and(0x3F).convert(I2F, 0)).fma(b, vEven);
            uRest = uRest.lanewise(LSHR, 8);
            vRest = vRest.lanewise(LSHR, 8);
            b = FloatVector.broadcast(F, x[k + 1]);
            uOdd = ((FloatVector) uRest.and(0x3F).convert(I2F, 0)).fma(b, uOdd);
            vOdd = ((FloatVector) vRest.and(0x3F).convert(I2F, 0)).fma(b, vOdd);
            uRest = uRest.lanewise(LSHR, 8);
            vRest = vRest.lanewise(LSHR, 8);
            b = FloatVector.broadcast(F, x[k + 2]);
            uEven = ((FloatVector) uRest.and(0x3F).convert(I2F, 0)).fma(b, uEven);
            vEven = ((FloatVector) vRest.and(0x3F).convert(I2F, 0)).fma(b, vEven);
            b = FloatVector.broadcast(F, x[k + 3]);
            uOdd = ((FloatVector) uLast.convert(I2F, 0)).fma(b, uOdd);
            vOdd = ((FloatVector) vLast.convert(I2F, 0)).fma(b, vOdd);
            int of = group * each;
            ahead += nextScales[of] + nextOffsets[of];
            int uAt = group * PANEL + turns.uScale;
            int vAt = group * PANEL + turns.vScale;
            uSum = uEven.add(uOdd).fma(FloatVector.fromArray(F, scales, uAt), uSum);
            vSum = vEven.add(vOdd).fma(FloatVector.fromArray(F, scales, vAt), vSum);
            if (offsets.length > 0) {
                FloatVector sum = FloatVector.broadcast(F, sums[group]);
                uSum = FloatVector.fromArray(F, offsets, uAt).fma(sum, uSum);
                vSum = FloatVector.fromArray(F, offsets, vAt).fma(sum, vSum);
            }
        }
        uSum.intoArray(turns.out, 0);
        vSum.intoArray(turns.out, L);
        turns.ahead = ahead;
    }

    private static void eights(
            int[] codes, int[] next, int size, int each, Turns turns, Activations in) {
        int uLane = turns.uLane;
        int vLane = turns.vLane;
        float[] scales = turns.wide.scales();
        float[] offsets = turns.wide.offsets();
        float[] x = in.plain();
        float[] sums = in.sums();
        int[] nextScales = turns.nextUScales;
        int[] nextOffsets = turns.nextUOffsets;
        int ahead = 0;
        FloatVector uSum = FloatVector.zero(F);
        FloatVector vSum = uSum;
        for (int group = 0; group < sums.length; group++) {
            FloatVector uEven = FloatVector.broadcast(F, in.starts()[group]);
            FloatVector vEven = uEven;
            FloatVector uOdd = FloatVector.zero(F);
            FloatVector vOdd = uOdd;
            int words = size / 4;
            for (int i = group * words; i < (group + 1) * words; i++) {
                ahead += next[i * PANEL];
                IntVector a = IntVector.fromArray(I, codes, i * PANEL + uLane);
                IntVector c = IntVector.fromArray(I, codes, i * PANEL + vLane);
                FloatVector b = FloatVector.broadcast(F, x[4 * i]);
                uEven = ((FloatVector) a.and(0xFF).convert(I2F, 0)).fma(b, uEven);
                vEven = ((FloatVector) c.and(0xFF).convert(I2F, 0)).fma(b, vEven);
                a = a.lanewise(LSHR, 8);
                c = c.lanewise(LSHR, 8);
                b = FloatVector.broadcast(F, x[4 * i + 1]);
                uOdd = ((FloatVector) a.and(0xFF).convert(I2F, 0)).fma(b, uOdd);
                vOdd = ((FloatVector) c.and(0xFF).convert(I2F, 0)).fma(b, vOdd);
                a = a.lanewise(LSHR, 8);
                c = c.lanewise(LSHR, 8);
                b = FloatVector.broadcast(F, x[4 * i + 2]);
                uEven = ((FloatVector) a.and(0xFF).convert(I2F, 0)).fma(b, uEven);
                vEven = ((FloatVector) c.and(0xFF).convert(I2F, 0)).fma(b, vEven);
                a = a.lanewise(LSHR, 8);
                c = c.lanewise(LSHR, 8);
                b = FloatVector.broadcast(F, x[4 * i + 3]);
                uOdd = ((FloatVector) a.convert(I2F, 0)).fma(b, uOdd);
                vOdd = ((FloatVector) c.convert(I2F, 0)).fma(b, vOdd);
            }
            int of = group * each;
            ahead += nextScales[of] + nextOffsets[of];
            int uAt = group * PANEL + turns.uScale;
            int vAt = group * PANEL + turns.vScale;
            uSum = uEven.add(uOdd).fma(FloatVector.fromArray(F, scales, uAt), uSum);
            vSum = vEven.add(vOdd).fma(FloatVector.fromArray(F, scales, vAt), vSum);
            if (offsets.length > 0) {
                FloatVector sum = FloatVector.broadcast(F, sums[group]);
                uSum = FloatVector.fromArray(F, offsets, uAt).fma(sum, uSum);
                vSum = FloatVector.fromArray(F, offsets, vAt).fma(sum, vSum);
            }
        }
        uSum.intoArray(turns.out, 0);
        vSum.intoArray(turns.out, L);
        turns.ahead = ahead;
    }
}
