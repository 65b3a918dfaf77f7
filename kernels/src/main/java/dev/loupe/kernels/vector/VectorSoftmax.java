package dev.loupe.kernels.vector;

import static dev.loupe.kernels.KeyValues.BLOCK;
import static dev.loupe.kernels.vector.Lanes.F;
import static dev.loupe.kernels.vector.Lanes.L;

import dev.loupe.kernels.RunningSoftmax;
import dev.loupe.kernels.Tensor;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

import java.util.Arrays;

/** A step of {@link RunningSoftmax}; one lane is one key, or one number of the sum. */
final class VectorSoftmax {
    private VectorSoftmax() {}

    static void step(Tensor scores, int[] from, int[] to, RunningSoftmax softmax) {
        float[] s = scores.data();
        for (int row = 0; row < scores.rows(); row++) {
            int at = scores.row(row);
            if (to[row] - from[row] < BLOCK) {
                Arrays.fill(s, at, at + from[row], Float.NEGATIVE_INFINITY);
                Arrays.fill(s, at + to[row], at + BLOCK, Float.NEGATIVE_INFINITY);
            }
            float highest = highest(s, at, softmax.highest()[row]);
            float fix = softmax.raise(row, highest);
            weigh(s, at, highest, fix, softmax.lanes(), row * 16);
            if (fix != 1) {
                Tensor sum = softmax.sum();
                scale(sum.data(), sum.row(row), sum.cols(), fix);
            }
        }
    }

    /** Of {@code highest} and a block of scores; numbers that are none are passed over. */
    private static float highest(float[] s, int at, float highest) {
        FloatVector max = FloatVector.broadcast(F, highest);
        for (int j = at; j < at + BLOCK; j += L) {
            FloatVector v = FloatVector.fromArray(F, s, j);
            max = max.blend(v, v.compare(VectorOperators.GT, max));
        }
        // 0 for -0, whichever lane it was in
        return max.reduceLanes(VectorOperators.MAX) + 0f;
    }

    /** Scores become weights. */
    private static void weigh(
            float[] s, int at, float highest, float fix, float[] lanes, int first) {
        for (int lane = 0; lane < 16; lane += L) {
            FloatVector sum = FloatVector.fromArray(F, lanes, first + lane).mul(fix);
            for (int j = at + lane; j < at + BLOCK; j += 16) {
                FloatVector p = VectorExponential.exp(FloatVector.fromArray(F, s, j).sub(highest));
                p.intoArray(s, j);
                sum = sum.add(p);
            }
            sum.intoArray(lanes, first + lane);
        }
    }

    private static void scale(float[] x, int from, int n, float factor) {
        for (int i = from; i < from + n; i += L) {
            FloatVector.fromArray(F, x, i).mul(factor).intoArray(x, i);
        }
    }
}
