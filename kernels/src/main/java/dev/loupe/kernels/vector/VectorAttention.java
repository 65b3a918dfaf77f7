package dev.loupe.kernels.vector;

import static dev.loupe.kernels.KeyValues.BLOCK;
import static dev.loupe.kernels.vector.Lanes.F;
import static dev.loupe.kernels.vector.Lanes.L;

import dev.loupe.kernels.AttentionScratch;
import dev.loupe.kernels.Exponential;
import dev.loupe.kernels.KeyValues;
import dev.loupe.kernels.Reduction;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

import java.util.Arrays;

/**
 * Attention with a running softmax (Milakov and Gimelshein 2018, arXiv:1805.02867): block after
 * block of keys, the sum so far is scaled down when a higher score turns up. One lane is one key
 * while scores are computed, and one number of the output while values are summed.
 */
final class VectorAttention {
    private VectorAttention() {}

    static void attend(
            float[] q,
            KeyValues keys,
            int kvHead,
            int from,
            int to,
            float[] z,
            int zOffset,
            AttentionScratch scratch) {
        float[] s = scratch.scores();
        float[] acc = scratch.sum();
        float[] lanes = scratch.lanes();
        Arrays.fill(acc, 0f);
        Arrays.fill(lanes, 0f);
        float max = Float.NEGATIVE_INFINITY;
        for (int block = from / BLOCK; block * BLOCK < to; block++) {
            int low = Math.max(from - block * BLOCK, 0);
            int high = Math.min(to - block * BLOCK, BLOCK);
            scores(q, keys, block, kvHead, high, s);
            Arrays.fill(s, 0, low, Float.NEGATIVE_INFINITY);
            Arrays.fill(s, high, BLOCK, Float.NEGATIVE_INFINITY);
            float highest = Math.max(max, highest(s));
            float fix = Exponential.exp(max - highest);
            weights(s, highest, fix, lanes);
            int values = keys.valueOffset(kvHead, 0);
            sum(acc, fix, s, low, high, keys.values(block), values);
            max = highest;
        }
        float total = Reduction.sum(lanes);
        for (int d = 0; d < keys.headDim(); d++) {
            z[zOffset + d] = acc[d] / total;
        }
    }

    /** The first {@code high} scores; some more may hold anything. */
    private static void scores(
            float[] q, KeyValues keys, int block, int head, int high, float[] s) {
        float[] k = keys.keys(block);
        for (int j = 0; j < high; j += 4 * L) {
            int k0 = keys.keyOffset(head, j);
            int k1 = keys.keyOffset(head, Math.min(j + L, BLOCK - L));
            int k2 = keys.keyOffset(head, Math.min(j + 2 * L, BLOCK - L));
            int k3 = keys.keyOffset(head, Math.min(j + 3 * L, BLOCK - L));
            FloatVector s0 = FloatVector.zero(F);
            FloatVector s1 = s0;
            FloatVector s2 = s0;
            FloatVector s3 = s0;
            for (int d = 0; d < keys.headDim(); d++) {
                FloatVector b = FloatVector.broadcast(F, q[d]);
                s0 = b.fma(FloatVector.fromArray(F, k, k0 + d * 16), s0);
                s1 = b.fma(FloatVector.fromArray(F, k, k1 + d * 16), s1);
                s2 = b.fma(FloatVector.fromArray(F, k, k2 + d * 16), s2);
                s3 = b.fma(FloatVector.fromArray(F, k, k3 + d * 16), s3);
            }
            s0.intoArray(s, j);
            s1.intoArray(s, j + L);
            s2.intoArray(s, j + 2 * L);
            s3.intoArray(s, j + 3 * L);
        }
    }

    private static float highest(float[] s) {
        FloatVector max = FloatVector.fromArray(F, s, 0);
        for (int j = L; j < BLOCK; j += L) {
            max = max.max(FloatVector.fromArray(F, s, j));
        }
        return max.reduceLanes(VectorOperators.MAX);
    }

    /** Scores become weights; {@code lanes} holds sixteen sums of them. */
    private static void weights(float[] s, float highest, float fix, float[] lanes) {
        for (int lane = 0; lane < 16; lane += L) {
            FloatVector sum = FloatVector.fromArray(F, lanes, lane).mul(fix);
            for (int j = lane; j < BLOCK; j += 16) {
                FloatVector p = VectorExponential.exp(FloatVector.fromArray(F, s, j).sub(highest));
                p.intoArray(s, j);
                sum = sum.add(p);
            }
            sum.intoArray(lanes, lane);
        }
    }

    private static void sum(
            float[] acc, float fix, float[] p, int low, int high, float[] values, int offset) {
        int width = acc.length;
        int d = 0;
        for (; d <= width - 4 * L; d += 4 * L) {
            FloatVector a0 = FloatVector.fromArray(F, acc, d).mul(fix);
            FloatVector a1 = FloatVector.fromArray(F, acc, d + L).mul(fix);
            FloatVector a2 = FloatVector.fromArray(F, acc, d + 2 * L).mul(fix);
            FloatVector a3 = FloatVector.fromArray(F, acc, d + 3 * L).mul(fix);
            for (int j = low; j < high; j++) {
                FloatVector b = FloatVector.broadcast(F, p[j]);
                int v = offset + j * width + d;
                a0 = b.fma(FloatVector.fromArray(F, values, v), a0);
                a1 = b.fma(FloatVector.fromArray(F, values, v + L), a1);
                a2 = b.fma(FloatVector.fromArray(F, values, v + 2 * L), a2);
                a3 = b.fma(FloatVector.fromArray(F, values, v + 3 * L), a3);
            }
            a0.intoArray(acc, d);
            a1.intoArray(acc, d + L);
            a2.intoArray(acc, d + 2 * L);
            a3.intoArray(acc, d + 3 * L);
        }
        for (; d < width; d += L) {
            FloatVector a = FloatVector.fromArray(F, acc, d).mul(fix);
            for (int j = low; j < high; j++) {
                FloatVector v = FloatVector.fromArray(F, values, offset + j * width + d);
                a = FloatVector.broadcast(F, p[j]).fma(v, a);
            }
            a.intoArray(acc, d);
        }
    }
}
