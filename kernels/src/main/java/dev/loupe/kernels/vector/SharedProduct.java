package dev.loupe.kernels.vector;

import static dev.loupe.kernels.Weight.PANEL;
import static dev.loupe.kernels.vector.Lanes.F;
import static dev.loupe.kernels.vector.Lanes.L;

import dev.loupe.kernels.Activations;
import dev.loupe.kernels.Tensor;
import dev.loupe.kernels.Weight;

import jdk.incubator.vector.FloatVector;

import java.util.Arrays;
import java.util.function.Function;

/**
 * Panels of codes times several generated tokens. Each group of codes becomes floats once, in
 * memory that stays in the nearest cache, and is multiplied by eight tokens at a time, or by four
 * where there are no registers for more. A token's sums have the order and the bits that {@link
 * GeneratedProduct} gives them: here a code and its input are themselves, there one is larger by a
 * power of two and the other smaller.
 *
 * <p>The inputs of eight tokens lie side by side, so that one register says where all of them are;
 * with an array for each token the processor spent half of its time on finding them.
 */
final class SharedProduct {
    private static final int TOGETHER = PanelProduct.MANY_REGISTERS ? 8 : 4;
    private static final ThreadLocal<SharedProduct> OF_THREAD =
            ThreadLocal.withInitial(SharedProduct::new);

    private float[] codes = new float[0];
    private final float[] outputs = new float[TOGETHER * L];

    /** The tokens that were put side by side last; the parts of a product have them in common. */
    private Activations[] known = new Activations[0];

    private Inputs[] inputs = new Inputs[0];

    /** The sum of what was read ahead; it is kept so that it is read at all. */
    int ahead;

    private SharedProduct() {}

    static void multiply(Weight.Codes w, int from, int to, Activations[] tokens, Tensor y) {
        SharedProduct product = OF_THREAD.get();
        product.read(tokens);
        ScaleScratch wide = ScaleScratch.ofThread(w);
        int whole = tokens.length % TOGETHER == 1 ? tokens.length - 1 : tokens.length;
        if (product.codes.length < w.groupSize() * L) {
            product.codes = new float[w.groupSize() * L];
        }
        for (int panel = from; panel < to; panel++) {
            wide.widen(w, panel, 0);
            for (int t = 0; t < whole; t += TOGETHER) {
                product.multiply(w, panel, wide, t, Math.min(whole - t, TOGETHER), y);
            }
        }
        if (whole < tokens.length) {
            GeneratedProduct.multiply(w, from, to, tokens[whole], y.data(), y.row(whole));
        }
    }

    /** Tokens do not change once they are ready, so what is the same array has the same numbers. */
    @SuppressWarnings("ReferenceEquality")
    private void read(Activations[] tokens) {
        if (known != tokens) {
            inputs = new Inputs[(tokens.length + TOGETHER - 1) / TOGETHER];
            Arrays.setAll(inputs, i -> Inputs.of(tokens, i * TOGETHER));
            known = tokens;
        }
    }

    /**
     * What {@link #TOGETHER} tokens have, token after token for each column or group; where fewer
     * are left the last one is there more than once.
     */
    private record Inputs(float[] plain, float[] starts, float[] sums) {
        static Inputs of(Activations[] tokens, int first) {
            Activations[] some = new Activations[TOGETHER];
            Arrays.setAll(some, i -> tokens[Math.min(first + i, tokens.length - 1)]);
            return new Inputs(
                    sideBySide(some, Activations::plain),
                    sideBySide(some, Activations::starts),
                    sideBySide(some, Activations::sums));
        }

        private static float[] sideBySide(
                Activations[] tokens, Function<Activations, float[]> part) {
            float[] all = new float[TOGETHER * part.apply(tokens[0]).length];
            for (int i = 0; i < TOGETHER; i++) {
                float[] numbers = part.apply(tokens[i]);
                for (int k = 0; k < numbers.length; k++) {
                    all[k * TOGETHER + i] = numbers[k];
                }
            }
            return all;
        }
    }

    /** As many tokens as go together from {@code t} on, of which {@code n} are there. */
    private void multiply(Weight.Codes w, int panel, ScaleScratch wide, int t, int n, Tensor y) {
        Inputs in = inputs[t / TOGETHER];
        int size = w.groupSize();
        int[] next = w.codes()[Math.min(panel + 1, w.panels() - 1)];
        int lines = size * w.coding().bits() / 32;
        for (int lane = 0; lane < PANEL; lane += L) {
            Arrays.fill(outputs, 0f);
            for (int group = 0; group < w.groups(); group++) {
                ahead += read(next, group * lines, (group + 1) * lines);
                Unpacking.codes(w, panel, lane, group * size, size, codes, 0, L);
                int at = group * PANEL + lane;
                if (n > 4) {
                    eight(size, wide.scales(), wide.offsets(), at, in, group);
                } else {
                    four(size, wide.scales(), wide.offsets(), at, in, group);
                }
            }
            int row = panel * PANEL + lane;
            int count = Math.min(L, w.rows() - row);
            for (int i = 0; i < n && count > 0; i++) {
                System.arraycopy(outputs, i * L, y.data(), y.row(t + i) + row, count);
            }
        }
    }

    /** Brings lines of the next panel in while this one is multiplied. */
    private static int read(int[] panel, int from, int to) {
        int sum = 0;
        for (int line = from; line < to; line++) {
            sum += panel[line * PANEL];
        }
        return sum;
    }

    private void eight(int size, float[] scales, float[] offsets, int at, Inputs in, int group) {
        float[] x = in.plain;
        float[] starts = in.starts;
        FloatVector a0 = FloatVector.broadcast(F, starts[8 * group]);
        FloatVector a1 = FloatVector.broadcast(F, starts[8 * group + 1]);
        FloatVector a2 = FloatVector.broadcast(F, starts[8 * group + 2]);
        FloatVector a3 = FloatVector.broadcast(F, starts[8 * group + 3]);
        FloatVector a4 = FloatVector.broadcast(F, starts[8 * group + 4]);
        FloatVector a5 = FloatVector.broadcast(F, starts[8 * group + 5]);
        FloatVector a6 = FloatVector.broadcast(F, starts[8 * group + 6]);
        FloatVector a7 = FloatVector.broadcast(F, starts[8 * group + 7]);
        FloatVector b0 = FloatVector.zero(F);
        FloatVector b1 = b0;
        FloatVector b2 = b0;
        FloatVector b3 = b0;
        FloatVector b4 = b0;
        FloatVector b5 = b0;
        FloatVector b6 = b0;
        FloatVector b7 = b0;
        int first = 8 * group * size;
        for (int k = 0; k < size; k += 2) {
            int i = first + 8 * k;
            FloatVector u = FloatVector.fromArray(F, codes, k * L);
            a0 = u.fma(FloatVector.broadcast(F, x[i]), a0);
            a1 = u.fma(FloatVector.broadcast(F, x[i + 1]), a1);
            a2 = u.fma(FloatVector.broadcast(F, x[i + 2]), a2);
            a3 = u.fma(FloatVector.broadcast(F, x[i + 3]), a3);
            a4 = u.fma(FloatVector.broadcast(F, x[i + 4]), a4);
            a5 = u.fma(FloatVector.broadcast(F, x[i + 5]), a5);
            a6 = u.fma(FloatVector.broadcast(F, x[i + 6]), a6);
            a7 = u.fma(FloatVector.broadcast(F, x[i + 7]), a7);
            FloatVector v = FloatVector.fromArray(F, codes, k * L + L);
            b0 = v.fma(FloatVector.broadcast(F, x[i + 8]), b0);
            b1 = v.fma(FloatVector.broadcast(F, x[i + 9]), b1);
            b2 = v.fma(FloatVector.broadcast(F, x[i + 10]), b2);
            b3 = v.fma(FloatVector.broadcast(F, x[i + 11]), b3);
            b4 = v.fma(FloatVector.broadcast(F, x[i + 12]), b4);
            b5 = v.fma(FloatVector.broadcast(F, x[i + 13]), b5);
            b6 = v.fma(FloatVector.broadcast(F, x[i + 14]), b6);
            b7 = v.fma(FloatVector.broadcast(F, x[i + 15]), b7);
        }
        FloatVector scale = FloatVector.fromArray(F, scales, at);
        a0 = a0.add(b0).fma(scale, FloatVector.fromArray(F, outputs, 0));
        a1 = a1.add(b1).fma(scale, FloatVector.fromArray(F, outputs, L));
        a2 = a2.add(b2).fma(scale, FloatVector.fromArray(F, outputs, 2 * L));
        a3 = a3.add(b3).fma(scale, FloatVector.fromArray(F, outputs, 3 * L));
        a4 = a4.add(b4).fma(scale, FloatVector.fromArray(F, outputs, 4 * L));
        a5 = a5.add(b5).fma(scale, FloatVector.fromArray(F, outputs, 5 * L));
        a6 = a6.add(b6).fma(scale, FloatVector.fromArray(F, outputs, 6 * L));
        a7 = a7.add(b7).fma(scale, FloatVector.fromArray(F, outputs, 7 * L));
        if (offsets.length > 0) {
            FloatVector offset = FloatVector.fromArray(F, offsets, at);
            float[] sums = in.sums;
            a0 = offset.fma(FloatVector.broadcast(F, sums[8 * group]), a0);
            a1 = offset.fma(FloatVector.broadcast(F, sums[8 * group + 1]), a1);
            a2 = offset.fma(FloatVector.broadcast(F, sums[8 * group + 2]), a2);
            a3 = offset.fma(FloatVector.broadcast(F, sums[8 * group + 3]), a3);
            a4 = offset.fma(FloatVector.broadcast(F, sums[8 * group + 4]), a4);
            a5 = offset.fma(FloatVector.broadcast(F, sums[8 * group + 5]), a5);
            a6 = offset.fma(FloatVector.broadcast(F, sums[8 * group + 6]), a6);
            a7 = offset.fma(FloatVector.broadcast(F, sums[8 * group + 7]), a7);
        }
        a0.intoArray(outputs, 0);
        a1.intoArray(outputs, L);
        a2.intoArray(outputs, 2 * L);
        a3.intoArray(outputs, 3 * L);
        a4.intoArray(outputs, 4 * L);
        a5.intoArray(outputs, 5 * L);
        a6.intoArray(outputs, 6 * L);
        a7.intoArray(outputs, 7 * L);
    }

    private void four(int size, float[] scales, float[] offsets, int at, Inputs in, int group) {
        float[] x = in.plain;
        float[] starts = in.starts;
        FloatVector a0 = FloatVector.broadcast(F, starts[TOGETHER * group]);
        FloatVector a1 = FloatVector.broadcast(F, starts[TOGETHER * group + 1]);
        FloatVector a2 = FloatVector.broadcast(F, starts[TOGETHER * group + 2]);
        FloatVector a3 = FloatVector.broadcast(F, starts[TOGETHER * group + 3]);
        FloatVector b0 = FloatVector.zero(F);
        FloatVector b1 = b0;
        FloatVector b2 = b0;
        FloatVector b3 = b0;
        int first = TOGETHER * group * size;
        for (int k = 0; k < size; k += 2) {
            int i = first + TOGETHER * k;
            FloatVector u = FloatVector.fromArray(F, codes, k * L);
            a0 = u.fma(FloatVector.broadcast(F, x[i]), a0);
            a1 = u.fma(FloatVector.broadcast(F, x[i + 1]), a1);
            a2 = u.fma(FloatVector.broadcast(F, x[i + 2]), a2);
            a3 = u.fma(FloatVector.broadcast(F, x[i + 3]), a3);
            FloatVector v = FloatVector.fromArray(F, codes, k * L + L);
            b0 = v.fma(FloatVector.broadcast(F, x[i + TOGETHER]), b0);
            b1 = v.fma(FloatVector.broadcast(F, x[i + TOGETHER + 1]), b1);
            b2 = v.fma(FloatVector.broadcast(F, x[i + TOGETHER + 2]), b2);
            b3 = v.fma(FloatVector.broadcast(F, x[i + TOGETHER + 3]), b3);
        }
        FloatVector scale = FloatVector.fromArray(F, scales, at);
        a0 = a0.add(b0).fma(scale, FloatVector.fromArray(F, outputs, 0));
        a1 = a1.add(b1).fma(scale, FloatVector.fromArray(F, outputs, L));
        a2 = a2.add(b2).fma(scale, FloatVector.fromArray(F, outputs, 2 * L));
        a3 = a3.add(b3).fma(scale, FloatVector.fromArray(F, outputs, 3 * L));
        if (offsets.length > 0) {
            FloatVector offset = FloatVector.fromArray(F, offsets, at);
            float[] sums = in.sums;
            a0 = offset.fma(FloatVector.broadcast(F, sums[TOGETHER * group]), a0);
            a1 = offset.fma(FloatVector.broadcast(F, sums[TOGETHER * group + 1]), a1);
            a2 = offset.fma(FloatVector.broadcast(F, sums[TOGETHER * group + 2]), a2);
            a3 = offset.fma(FloatVector.broadcast(F, sums[TOGETHER * group + 3]), a3);
        }
        a0.intoArray(outputs, 0);
        a1.intoArray(outputs, L);
        a2.intoArray(outputs, 2 * L);
        a3.intoArray(outputs, 3 * L);
    }
}
