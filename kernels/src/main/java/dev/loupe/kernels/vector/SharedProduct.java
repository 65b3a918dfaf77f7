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
 * memory that stays in the nearest cache, and is multiplied by a block of tokens. A token's sums
 * have the order and the bits that {@link GeneratedProduct} gives them: here a code and its input
 * are themselves, there one is larger by a power of two and the other smaller.
 *
 * <p>With 32 registers a block is eight tokens by one vector, and each block unpacks for itself:
 * once for all of them gained nothing. With 16 registers it is four tokens by two vectors, the even
 * columns before the odd ones, and all blocks share what is unpacked, which would cost as much as
 * multiplying by four tokens.
 *
 * <p>The inputs of a block lie side by side, so that one register says where all of them are; with
 * an array for each token the processor spent half of its time on finding them.
 */
final class SharedProduct {
    private static final boolean EIGHT = PanelProduct.MANY_REGISTERS;
    private static final int TOGETHER = EIGHT ? 8 : 4;

    private static final ThreadLocal<SharedProduct> OF_THREAD =
            ThreadLocal.withInitial(SharedProduct::new);

    /** A group of a panel, {@code [column * 16 + row]}. */
    private float[] codes = new float[0];

    /** For each block {@code [row / L, token, row % L]}. */
    private float[] outputs = new float[0];

    /** The sums of even columns, and of odd ones, of two vectors by four tokens of each block. */
    private float[] even = new float[0];

    private float[] odd = new float[0];

    /** What the sums of odd columns start with. */
    private float[] nothing = new float[0];

    /** The tokens that were put side by side last; the parts of a product have them in common. */
    private Activations[] known = new Activations[0];

    private Inputs inputs = new Inputs(0, 0, new float[0], new float[0], new float[0]);

    /** The sum of what was read ahead; it is kept so that it is read at all. */
    int ahead;

    private SharedProduct() {}

    static void multiply(Weight.Codes w, int from, int to, Activations[] tokens, Tensor y) {
        SharedProduct product = OF_THREAD.get();
        product.read(tokens);
        ScaleScratch wide = ScaleScratch.ofThread(w);
        int whole = tokens.length % TOGETHER == 1 ? tokens.length - 1 : tokens.length;
        int blocks = (whole + TOGETHER - 1) / TOGETHER;
        int each = EIGHT ? 1 : blocks;
        product.reserve(w.groupSize(), each);
        for (int panel = from; panel < to; panel++) {
            wide.widen(w, panel, 0);
            for (int block = 0; block < blocks; block += each) {
                product.multiply(w, panel, wide, block, each, whole);
                product.store(w, panel, block, Math.min(whole, (block + each) * TOGETHER), y);
            }
        }
        if (whole < tokens.length) {
            GeneratedProduct.multiply(w, from, to, tokens[whole], y.data(), y.row(whole));
        }
    }

    private void reserve(int groupSize, int blocks) {
        if (codes.length < groupSize * PANEL) {
            codes = new float[groupSize * PANEL];
        }
        if (outputs.length < blocks * TOGETHER * PANEL) {
            outputs = new float[blocks * TOGETHER * PANEL];
            even = new float[blocks * TOGETHER * 2 * L];
            odd = new float[blocks * TOGETHER * 2 * L];
            nothing = new float[blocks * TOGETHER];
        }
    }

    /** Tokens do not change once they are ready, so what is the same array has the same numbers. */
    @SuppressWarnings("ReferenceEquality")
    private void read(Activations[] tokens) {
        if (known != tokens) {
            inputs = Inputs.of(tokens, inputs);
            known = tokens;
        }
    }

    /**
     * What all tokens have: blocks of tokens, and in each token after token for each column, or
     * group. Where fewer are left than a block has the last token is there more than once. The
     * blocks lie as they are read: one after the other for each group where they share what is
     * unpacked, and otherwise the groups for each block.
     */
    private record Inputs(int blocks, int groups, float[] plain, float[] starts, float[] sums) {
        /** Written over {@code old} where that has room. */
        static Inputs of(Activations[] tokens, Inputs old) {
            int blocks = (tokens.length + TOGETHER - 1) / TOGETHER;
            int groups = tokens[0].sums().length;
            return new Inputs(
                    blocks,
                    groups,
                    sideBySide(tokens, blocks, groups, Activations::plain, old.plain),
                    sideBySide(tokens, blocks, groups, Activations::starts, old.starts),
                    sideBySide(tokens, blocks, groups, Activations::sums, old.sums));
        }

        /** Which of all groups of all blocks this one is. */
        static int place(int block, int blocks, int group, int groups) {
            return EIGHT ? block * groups + group : group * blocks + block;
        }

        int place(int block, int group) {
            return place(block, blocks, group, groups);
        }

        private static float[] sideBySide(
                Activations[] tokens,
                int blocks,
                int groups,
                Function<Activations, float[]> part,
                float[] old) {
            int each = part.apply(tokens[0]).length / groups;
            int numbers = blocks * groups * each * TOGETHER;
            float[] all = old.length < numbers ? new float[numbers] : old;
            for (int t = 0; t < blocks * TOGETHER; t++) {
                float[] token = part.apply(tokens[Math.min(t, tokens.length - 1)]);
                for (int group = 0; group < groups; group++) {
                    int to = place(t / TOGETHER, blocks, group, groups) * each * TOGETHER;
                    for (int i = 0; i < each; i++) {
                        all[to + i * TOGETHER + t % TOGETHER] = token[group * each + i];
                    }
                }
            }
            return all;
        }
    }

    /**
     * A panel times {@code count} blocks of tokens, from {@code first} on.
     *
     * @param tokens how many there are in all blocks
     */
    private void multiply(
            Weight.Codes w, int panel, ScaleScratch wide, int first, int count, int tokens) {
        int size = w.groupSize();
        int[] next = w.codes()[Math.min(panel + 1, w.panels() - 1)];
        int lines = size * w.coding().bits() / 32;
        Arrays.fill(outputs, 0, count * TOGETHER * PANEL, 0f);
        for (int group = 0; group < w.groups(); group++) {
            ahead += read(next, group * lines, (group + 1) * lines);
            for (int lane = 0; lane < PANEL; lane += L) {
                Unpacking.codes(w, panel, lane, group * size, size, codes, lane, PANEL);
            }
            int place = inputs.place(first, group);
            if (!EIGHT) {
                fours(size, wide, group * PANEL, inputs, place, count);
            } else if (tokens - first * TOGETHER <= 4) {
                half(size, wide.scales(), wide.offsets(), group * PANEL, inputs, place);
            } else {
                eight(size, wide.scales(), wide.offsets(), group * PANEL, inputs, place);
            }
        }
    }

    /** Brings what was computed to the rows of tokens up to {@code end}. */
    private void store(Weight.Codes w, int panel, int block, int end, Tensor y) {
        for (int lane = 0; lane < PANEL; lane += L) {
            int row = panel * PANEL + lane;
            int count = Math.min(L, w.rows() - row);
            for (int t = block * TOGETHER; t < end && count > 0; t++) {
                int token = t - block * TOGETHER;
                int at = (token / TOGETHER * PANEL + lane) * TOGETHER + token % TOGETHER * L;
                System.arraycopy(outputs, at, y.data(), y.row(t) + row, count);
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

    private void eight(int size, float[] scales, float[] offsets, int at, Inputs in, int place) {
        float[] x = in.plain;
        float[] starts = in.starts;
        FloatVector a0 = FloatVector.broadcast(F, starts[8 * place]);
        FloatVector a1 = FloatVector.broadcast(F, starts[8 * place + 1]);
        FloatVector a2 = FloatVector.broadcast(F, starts[8 * place + 2]);
        FloatVector a3 = FloatVector.broadcast(F, starts[8 * place + 3]);
        FloatVector a4 = FloatVector.broadcast(F, starts[8 * place + 4]);
        FloatVector a5 = FloatVector.broadcast(F, starts[8 * place + 5]);
        FloatVector a6 = FloatVector.broadcast(F, starts[8 * place + 6]);
        FloatVector a7 = FloatVector.broadcast(F, starts[8 * place + 7]);
        FloatVector b0 = FloatVector.zero(F);
        FloatVector b1 = b0;
        FloatVector b2 = b0;
        FloatVector b3 = b0;
        FloatVector b4 = b0;
        FloatVector b5 = b0;
        FloatVector b6 = b0;
        FloatVector b7 = b0;
        int first = 8 * place * size;
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
            a0 = offset.fma(FloatVector.broadcast(F, sums[8 * place]), a0);
            a1 = offset.fma(FloatVector.broadcast(F, sums[8 * place + 1]), a1);
            a2 = offset.fma(FloatVector.broadcast(F, sums[8 * place + 2]), a2);
            a3 = offset.fma(FloatVector.broadcast(F, sums[8 * place + 3]), a3);
            a4 = offset.fma(FloatVector.broadcast(F, sums[8 * place + 4]), a4);
            a5 = offset.fma(FloatVector.broadcast(F, sums[8 * place + 5]), a5);
            a6 = offset.fma(FloatVector.broadcast(F, sums[8 * place + 6]), a6);
            a7 = offset.fma(FloatVector.broadcast(F, sums[8 * place + 7]), a7);
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

    /** The first four of a block of eight, where no more are there. */
    private void half(int size, float[] scales, float[] offsets, int at, Inputs in, int place) {
        float[] x = in.plain;
        float[] starts = in.starts;
        FloatVector a0 = FloatVector.broadcast(F, starts[8 * place]);
        FloatVector a1 = FloatVector.broadcast(F, starts[8 * place + 1]);
        FloatVector a2 = FloatVector.broadcast(F, starts[8 * place + 2]);
        FloatVector a3 = FloatVector.broadcast(F, starts[8 * place + 3]);
        FloatVector b0 = FloatVector.zero(F);
        FloatVector b1 = b0;
        FloatVector b2 = b0;
        FloatVector b3 = b0;
        int first = 8 * place * size;
        for (int k = 0; k < size; k += 2) {
            int i = first + 8 * k;
            FloatVector u = FloatVector.fromArray(F, codes, k * L);
            a0 = u.fma(FloatVector.broadcast(F, x[i]), a0);
            a1 = u.fma(FloatVector.broadcast(F, x[i + 1]), a1);
            a2 = u.fma(FloatVector.broadcast(F, x[i + 2]), a2);
            a3 = u.fma(FloatVector.broadcast(F, x[i + 3]), a3);
            FloatVector v = FloatVector.fromArray(F, codes, k * L + L);
            b0 = v.fma(FloatVector.broadcast(F, x[i + 8]), b0);
            b1 = v.fma(FloatVector.broadcast(F, x[i + 9]), b1);
            b2 = v.fma(FloatVector.broadcast(F, x[i + 10]), b2);
            b3 = v.fma(FloatVector.broadcast(F, x[i + 11]), b3);
        }
        FloatVector scale = FloatVector.fromArray(F, scales, at);
        a0 = a0.add(b0).fma(scale, FloatVector.fromArray(F, outputs, 0));
        a1 = a1.add(b1).fma(scale, FloatVector.fromArray(F, outputs, L));
        a2 = a2.add(b2).fma(scale, FloatVector.fromArray(F, outputs, 2 * L));
        a3 = a3.add(b3).fma(scale, FloatVector.fromArray(F, outputs, 3 * L));
        if (offsets.length > 0) {
            FloatVector offset = FloatVector.fromArray(F, offsets, at);
            float[] sums = in.sums;
            a0 = offset.fma(FloatVector.broadcast(F, sums[8 * place]), a0);
            a1 = offset.fma(FloatVector.broadcast(F, sums[8 * place + 1]), a1);
            a2 = offset.fma(FloatVector.broadcast(F, sums[8 * place + 2]), a2);
            a3 = offset.fma(FloatVector.broadcast(F, sums[8 * place + 3]), a3);
        }
        a0.intoArray(outputs, 0);
        a1.intoArray(outputs, L);
        a2.intoArray(outputs, 2 * L);
        a3.intoArray(outputs, 3 * L);
    }

    /**
     * A group times all blocks of four tokens, two vectors at a time: the sums of even columns,
     * those of odd ones, and both to the outputs. A loop for each leaves it the registers.
     */
    private void fours(int size, ScaleScratch wide, int scales, Inputs in, int place, int count) {
        for (int lane = 0; lane < PANEL; lane += 2 * L) {
            sum(size, lane, in.plain, 4 * place * size, in.starts, 4 * place, even, count);
            sum(size, lane + PANEL, in.plain, 4 * place * size + 4, nothing, 0, odd, count);
            addSums(wide.scales(), scales + lane, 0, lane, count);
            addSums(wide.scales(), scales + lane + L, 4 * L, lane + L, count);
            if (wide.offsets().length > 0) {
                addOffsets(wide.offsets(), scales + lane, in.sums, 4 * place, lane, count);
                addOffsets(wide.offsets(), scales + lane + L, in.sums, 4 * place, lane + L, count);
            }
        }
    }

    /**
     * Every other column, from the one at {@code at}, times all tokens.
     *
     * @param x the columns of four tokens, from {@code first} on, block after block
     * @param starts what the sums of each token begin with
     * @param sums {@code [block, vector, token, lane]}
     */
    private void sum(
            int size,
            int at,
            float[] x,
            int first,
            float[] starts,
            int start,
            float[] sums,
            int count) {
        for (int block = 0; block < count; block++) {
            int from = start + 4 * block;
            FloatVector a0 = FloatVector.broadcast(F, starts[from]);
            FloatVector a1 = FloatVector.broadcast(F, starts[from + 1]);
            FloatVector a2 = FloatVector.broadcast(F, starts[from + 2]);
            FloatVector a3 = FloatVector.broadcast(F, starts[from + 3]);
            FloatVector b0 = a0;
            FloatVector b1 = a1;
            FloatVector b2 = a2;
            FloatVector b3 = a3;
            int begin = first + 4 * block * size;
            for (int k = 0; k < size; k += 2) {
                FloatVector u = FloatVector.fromArray(F, codes, at + k * PANEL);
                FloatVector v = FloatVector.fromArray(F, codes, at + k * PANEL + L);
                FloatVector s = FloatVector.broadcast(F, x[begin + 4 * k]);
                a0 = u.fma(s, a0);
                b0 = v.fma(s, b0);
                s = FloatVector.broadcast(F, x[begin + 4 * k + 1]);
                a1 = u.fma(s, a1);
                b1 = v.fma(s, b1);
                s = FloatVector.broadcast(F, x[begin + 4 * k + 2]);
                a2 = u.fma(s, a2);
                b2 = v.fma(s, b2);
                s = FloatVector.broadcast(F, x[begin + 4 * k + 3]);
                a3 = u.fma(s, a3);
                b3 = v.fma(s, b3);
            }
            int to = 8 * L * block;
            a0.intoArray(sums, to);
            a1.intoArray(sums, to + L);
            a2.intoArray(sums, to + 2 * L);
            a3.intoArray(sums, to + 3 * L);
            b0.intoArray(sums, to + 4 * L);
            b1.intoArray(sums, to + 5 * L);
            b2.intoArray(sums, to + 6 * L);
            b3.intoArray(sums, to + 7 * L);
        }
    }

    /** Scales the sums of a vector and adds them to its outputs, token after token. */
    private void addSums(float[] scales, int at, int from, int lane, int count) {
        FloatVector scale = FloatVector.fromArray(F, scales, at);
        for (int block = 0; block < count; block++) {
            for (int i = 0; i < 4 * L; i += L) {
                int sum = 8 * L * block + from + i;
                int out = 4 * (PANEL * block + lane) + i;
                FloatVector.fromArray(F, even, sum)
                        .add(FloatVector.fromArray(F, odd, sum))
                        .fma(scale, FloatVector.fromArray(F, outputs, out))
                        .intoArray(outputs, out);
            }
        }
    }

    /** Adds the offsets of a vector to its outputs. */
    private void addOffsets(
            float[] offsets, int at, float[] inputSums, int first, int lane, int count) {
        FloatVector offset = FloatVector.fromArray(F, offsets, at);
        for (int block = 0; block < count; block++) {
            for (int i = 0; i < 4; i++) {
                int out = 4 * (PANEL * block + lane) + i * L;
                offset.fma(
                                FloatVector.broadcast(F, inputSums[first + 4 * block + i]),
                                FloatVector.fromArray(F, outputs, out))
                        .intoArray(outputs, out);
            }
        }
    }
}
