package dev.loupe.kernels.vector;

import static dev.loupe.kernels.Weight.PANEL;
import static dev.loupe.kernels.vector.Lanes.F;
import static dev.loupe.kernels.vector.Lanes.I;
import static dev.loupe.kernels.vector.Lanes.L;

import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHR;

import dev.loupe.kernels.Activations;
import dev.loupe.kernels.Weight;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * Panels of codes times one token, two vectors of rows {@code u} and {@code v} in turn. A code is
 * masked where it lies, converted, and multiplied by an input that was scaled to make up for its
 * place ({@link dev.loupe.kernels.Coding}): three instructions for a vector of weights, and no
 * shifts. {@link GeneratedProduct} says why the methods are as they are.
 */
final class CodesProduct {
    private CodesProduct() {}

    static void multiply(Weight.Codes w, Turns turns, Activations x) {
        int[][] codes = w.codes();
        int each = w.scales().eachGroup();
        switch (w.coding()) {
            case FOUR_BITS -> fours(codes, w.groupSize(), each, turns, x);
            case FIVE_BITS -> fives(codes, each, turns, x);
            case SIX_BITS -> sixes(codes, each, turns, x);
            case EIGHT_BITS -> eights(codes, w.groupSize(), each, turns, x);
        }
    }

    private static void fours(int[][] codes, int size, int each, Turns turns, Activations in) {
        int[] u = codes[turns.u];
        int[] v = codes[turns.v];
        int[] nextU = codes[turns.nextU];
        int[] nextV = codes[turns.nextV];
        int uLane = turns.uLane;
        int vLane = turns.vLane;
        float[] scales = turns.wide.scales();
        float[] offsets = turns.wide.offsets();
        float[] x = in.values();
        float[] sums = in.sums();
        int[] nextUScales = turns.nextUScales;
        int[] nextVScales = turns.nextVScales;
        int[] nextUOffsets = turns.nextUOffsets;
        int[] nextVOffsets = turns.nextVOffsets;
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
                ahead += nextU[i * PANEL] + nextV[i * PANEL];
                IntVector a = IntVector.fromArray(I, u, i * PANEL + uLane);
                IntVector c = IntVector.fromArray(I, v, i * PANEL + vLane);
                FloatVector b = FloatVector.broadcast(F, x[8 * i]);
                uEven = ((FloatVector) a.and(0xF).convert(I2F, 0)).fma(b, uEven);
                vEven = ((FloatVector) c.and(0xF).convert(I2F, 0)).fma(b, vEven);
                b = FloatVector.broadcast(F, x[8 * i + 1]);
                uOdd = ((FloatVector) a.and(0xF0).convert(I2F, 0)).fma(b, uOdd);
                vOdd = ((FloatVector) c.and(0xF0).convert(I2F, 0)).fma(b, vOdd);
                b = FloatVector.broadcast(F, x[8 * i + 2]);
                uEven = ((FloatVector) a.and(0xF00).convert(I2F, 0)).fma(b, uEven);
                vEven = ((FloatVector) c.and(0xF00).convert(I2F, 0)).fma(b, vEven);
                b = FloatVector.broadcast(F, x[8 * i + 3]);
                uOdd = ((FloatVector) a.and(0xF000).convert(I2F, 0)).fma(b, uOdd);
                vOdd = ((FloatVector) c.and(0xF000).convert(I2F, 0)).fma(b, vOdd);
                b = FloatVector.broadcast(F, x[8 * i + 4]);
                uEven = ((FloatVector) a.and(0xF0000).convert(I2F, 0)).fma(b, uEven);
                vEven = ((FloatVector) c.and(0xF0000).convert(I2F, 0)).fma(b, vEven);
                b = FloatVector.broadcast(F, x[8 * i + 5]);
                uOdd = ((FloatVector) a.and(0xF00000).convert(I2F, 0)).fma(b, uOdd);
                vOdd = ((FloatVector) c.and(0xF00000).convert(I2F, 0)).fma(b, vOdd);
                b = FloatVector.broadcast(F, x[8 * i + 6]);
                uEven = ((FloatVector) a.and(0xF000000).convert(I2F, 0)).fma(b, uEven);
                vEven = ((FloatVector) c.and(0xF000000).convert(I2F, 0)).fma(b, vEven);
                b = FloatVector.broadcast(F, x[8 * i + 7]);
                uOdd = ((FloatVector) a.lanewise(LSHR, 28).convert(I2F, 0)).fma(b, uOdd);
                vOdd = ((FloatVector) c.lanewise(LSHR, 28).convert(I2F, 0)).fma(b, vOdd);
            }
            int of = group * each;
            ahead += nextUScales[of] + nextVScales[of] + nextUOffsets[of] + nextVOffsets[of];
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

    private static void fives(int[][] codes, int each, Turns turns, Activations in) {
        int[] u = codes[turns.u];
        int[] v = codes[turns.v];
        int[] nextU = codes[turns.nextU];
        int[] nextV = codes[turns.nextV];
        int uLane = turns.uLane;
        int vLane = turns.vLane;
        float[] scales = turns.wide.scales();
        float[] offsets = turns.wide.offsets();
        float[] x = in.values();
        float[] sums = in.sums();
        int[] nextUScales = turns.nextUScales;
        int[] nextVScales = turns.nextVScales;
        int[] nextUOffsets = turns.nextUOffsets;
        int[] nextVOffsets = turns.nextVOffsets;
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
                ahead += nextU[i * PANEL] + nextV[i * PANEL];
                IntVector a = IntVector.fromArray(I, u, i * PANEL + uLane);
                IntVector c = IntVector.fromArray(I, v, i * PANEL + vLane);
                int k = 6 * i + 2 * group;
                FloatVector b = FloatVector.broadcast(F, x[k]);
                uEven = ((FloatVector) a.and(0x1F).convert(I2F, 0)).fma(b, uEven);
                vEven = ((FloatVector) c.and(0x1F).convert(I2F, 0)).fma(b, vEven);
                b = FloatVector.broadcast(F, x[k + 1]);
                uOdd = ((FloatVector) a.and(0x3E0).convert(I2F, 0)).fma(b, uOdd);
                vOdd = ((FloatVector) c.and(0x3E0).convert(I2F, 0)).fma(b, vOdd);
                b = FloatVector.broadcast(F, x[k + 2]);
                uEven = ((FloatVector) a.and(0x7C00).convert(I2F, 0)).fma(b, uEven);
                vEven = ((FloatVector) c.and(0x7C00).convert(I2F, 0)).fma(b, vEven);
                b = FloatVector.broadcast(F, x[k + 3]);
                uOdd = ((FloatVector) a.and(0xF8000).convert(I2F, 0)).fma(b, uOdd);
                vOdd = ((FloatVector) c.and(0xF8000).convert(I2F, 0)).fma(b, vOdd);
                b = FloatVector.broadcast(F, x[k + 4]);
                uEven = ((FloatVector) a.and(0x1F00000).convert(I2F, 0)).fma(b, uEven);
                vEven = ((FloatVector) c.and(0x1F00000).convert(I2F, 0)).fma(b, vEven);
                b = FloatVector.broadcast(F, x[k + 5]);
                uOdd = ((FloatVector) a.and(0x3E000000).convert(I2F, 0)).fma(b, uOdd);
                vOdd = ((FloatVector) c.and(0x3E000000).convert(I2F, 0)).fma(b, vOdd);
                uRest = uRest.lanewise(LSHR, 2).or(a.and(0xC0000000));
                vRest = vRest.lanewise(LSHR, 2).or(c.and(0xC0000000));
            }
            // ten bits are at the top now
            FloatVector b = FloatVector.broadcast(F, x[group * 32 + 30]);
            uEven = ((FloatVector) uRest.and(0x7C00000).convert(I2F, 0)).fma(b, uEven);
            vEven = ((FloatVector) vRest.and(0x7C00000).convert(I2F, 0)).fma(b, vEven);
            b = FloatVector.broadcast(F, x[group * 32 + 31]);
            uOdd = ((FloatVector) uRest.lanewise(LSHR, 27).convert(I2F, 0)).fma(b, uOdd);
            vOdd = ((FloatVector) vRest.lanewise(LSHR, 27).convert(I2F, 0)).fma(b, vOdd);
            int of = group * each;
            ahead += nextUScales[of] + nextVScales[of] + nextUOffsets[of] + nextVOffsets[of];
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

    private static void sixes(int[][] codes, int each, Turns turns, Activations in) {
        int[] u = codes[turns.u];
        int[] v = codes[turns.v];
        int[] nextU = codes[turns.nextU];
        int[] nextV = codes[turns.nextV];
        int uLane = turns.uLane;
        int vLane = turns.vLane;
        float[] scales = turns.wide.scales();
        float[] offsets = turns.wide.offsets();
        float[] x = in.values();
        float[] sums = in.sums();
        int[] nextUScales = turns.nextUScales;
        int[] nextVScales = turns.nextVScales;
        int[] nextUOffsets = turns.nextUOffsets;
        int[] nextVOffsets = turns.nextVOffsets;
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
                ahead += nextU[i * PANEL] + nextV[i * PANEL];
                IntVector a = IntVector.fromArray(I, u, i * PANEL + uLane);
                IntVector c = IntVector.fromArray(I, v, i * PANEL + vLane);
                int k = 4 * i + 4 * group;
                FloatVector b = FloatVector.broadcast(F, x[k]);
                uEven = ((FloatVector) a.and(0x3F).convert(I2F, 0)).fma(b, uEven);
                vEven = ((FloatVector) c.and(0x3F).convert(I2F, 0)).fma(b, vEven);
                b = FloatVector.broadcast(F, x[k + 1]);
                uOdd = ((FloatVector) a.and(0xFC0).convert(I2F, 0)).fma(b, uOdd);
                vOdd = ((FloatVector) c.and(0xFC0).convert(I2F, 0)).fma(b, vOdd);
                b = FloatVector.broadcast(F, x[k + 2]);
                uEven = ((FloatVector) a.and(0x3F000).convert(I2F, 0)).fma(b, uEven);
                vEven = ((FloatVector) c.and(0x3F000).convert(I2F, 0)).fma(b, vEven);
                b = FloatVector.broadcast(F, x[k + 3]);
                uOdd = ((FloatVector) a.and(0xFC0000).convert(I2F, 0)).fma(b, uOdd);
                vOdd = ((FloatVector) c.and(0xFC0000).convert(I2F, 0)).fma(b, vOdd);
                uRest = uRest.lanewise(LSHR, 8).or(a.and(0xFF000000));
                vRest = vRest.lanewise(LSHR, 8).or(c.and(0xFF000000));
            }
            // three codes with two bits of the last one above each
            int k = group * 16 + 12;
            FloatVector b = FloatVector.broadcast(F, x[k]);
            uEven = ((FloatVector) uRest.and(0x3F00).convert(I2F, 0)).fma(b, uEven);
            vEven = ((FloatVector) vRest.and(0x3F00).convert(I2F, 0)).fma(b, vEven);
            b = FloatVector.broadcast(F, x[k + 1]);
            uOdd = ((FloatVector) uRest.and(0x3F0000).convert(I2F, 0)).fma(b, uOdd);
            vOdd = ((FloatVector) vRest.and(0x3F0000).convert(I2F, 0)).fma(b, vOdd);
            b = FloatVector.broadcast(F, x[k + 2]);
            uEven = ((FloatVector) uRest.and(0x3F000000).convert(I2F, 0)).fma(b, uEven);
            vEven = ((FloatVector) vRest.and(0x3F000000).convert(I2F, 0)).fma(b, vEven);
            b = FloatVector.broadcast(F, x[k + 3]);
            IntVector uLast = uRest.lanewise(LSHR, 14).and(3);
            IntVector vLast = vRest.lanewise(LSHR, 14).and(3);
            uLast = uLast.or(uRest.lanewise(LSHR, 20).and(0xC));
            vLast = vLast.or(vRest.lanewise(LSHR, 20).and(0xC));
            uLast = uLast.or(uRest.lanewise(LSHR, 26).and(0x30));
            vLast = vLast.or(vRest.lanewise(LSHR, 26).and(0x30));
            uOdd = ((FloatVector) uLast.convert(I2F, 0)).fma(b, uOdd);
            vOdd = ((FloatVector) vLast.convert(I2F, 0)).fma(b, vOdd);
            int of = group * each;
            ahead += nextUScales[of] + nextVScales[of] + nextUOffsets[of] + nextVOffsets[of];
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

    private static void eights(int[][] codes, int size, int each, Turns turns, Activations in) {
        int[] u = codes[turns.u];
        int[] v = codes[turns.v];
        int[] nextU = codes[turns.nextU];
        int[] nextV = codes[turns.nextV];
        int uLane = turns.uLane;
        int vLane = turns.vLane;
        float[] scales = turns.wide.scales();
        float[] offsets = turns.wide.offsets();
        float[] x = in.values();
        float[] sums = in.sums();
        int[] nextUScales = turns.nextUScales;
        int[] nextVScales = turns.nextVScales;
        int[] nextUOffsets = turns.nextUOffsets;
        int[] nextVOffsets = turns.nextVOffsets;
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
                ahead += nextU[i * PANEL] + nextV[i * PANEL];
                IntVector a = IntVector.fromArray(I, u, i * PANEL + uLane);
                IntVector c = IntVector.fromArray(I, v, i * PANEL + vLane);
                FloatVector b = FloatVector.broadcast(F, x[4 * i]);
                uEven = ((FloatVector) a.and(0xFF).convert(I2F, 0)).fma(b, uEven);
                vEven = ((FloatVector) c.and(0xFF).convert(I2F, 0)).fma(b, vEven);
                b = FloatVector.broadcast(F, x[4 * i + 1]);
                uOdd = ((FloatVector) a.and(0xFF00).convert(I2F, 0)).fma(b, uOdd);
                vOdd = ((FloatVector) c.and(0xFF00).convert(I2F, 0)).fma(b, vOdd);
                b = FloatVector.broadcast(F, x[4 * i + 2]);
                uEven = ((FloatVector) a.and(0xFF0000).convert(I2F, 0)).fma(b, uEven);
                vEven = ((FloatVector) c.and(0xFF0000).convert(I2F, 0)).fma(b, vEven);
                b = FloatVector.broadcast(F, x[4 * i + 3]);
                uOdd = ((FloatVector) a.lanewise(LSHR, 24).convert(I2F, 0)).fma(b, uOdd);
                vOdd = ((FloatVector) c.lanewise(LSHR, 24).convert(I2F, 0)).fma(b, vOdd);
            }
            int of = group * each;
            ahead += nextUScales[of] + nextVScales[of] + nextUOffsets[of] + nextVOffsets[of];
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
