package dev.loupe.kernels.vector;

import static dev.loupe.kernels.Weight.PANEL;
import static dev.loupe.kernels.vector.Lanes.F;
import static dev.loupe.kernels.vector.Lanes.L;
import static dev.loupe.kernels.vector.Lanes.ORDER;
import static dev.loupe.kernels.vector.Unpacking.COLUMN;

import dev.loupe.kernels.Activations;
import dev.loupe.kernels.Tensor;
import dev.loupe.kernels.Weight;

import jdk.incubator.vector.FloatVector;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.Function;

/**
 * Panels of codes times several generated tokens. Each group of codes of two vectors of rows
 * becomes floats once, in memory that stays in the nearest cache, and is multiplied by all tokens,
 * four at a time. A token's sums have the order and the bits that {@link GeneratedProduct} gives
 * them.
 *
 * <p>With 32 registers the sums of even and of odd columns are taken together, and none of them
 * leaves its register before the group is done. With 16 there is room for one of both: all tokens'
 * even columns come before the odd ones.
 *
 * <p>The inputs of four tokens lie side by side, so that one register says where all of them are;
 * with an array for each token the processor spent half of its time on finding them. The codes lie
 * outside of the heap, where a vector of 64 bytes can begin at a line of the cache and is not in
 * two of them.
 */
final class SharedProduct {
    private static final int TOGETHER = 4;

    /** Columns that share a scale, at most. */
    private static final int LONGEST_GROUP = 32;

    /**
     * Bytes from the codes of the first vector to those of the second: beside them, or after all.
     */
    private static final int SECOND = L < PANEL ? 4 * L : LONGEST_GROUP * COLUMN;

    private static final ThreadLocal<SharedProduct> OF_THREAD =
            ThreadLocal.withInitial(SharedProduct::new);

    /** A group of two vectors. */
    private final MemorySegment codes = Arena.ofAuto().allocate(2 * LONGEST_GROUP * COLUMN, COLUMN);

    /** {@code [block of tokens, vector, token, lane]}. */
    private float[] outputs = new float[0];

    /** The sums of even columns, and of odd ones, like the outputs; only with 16 registers. */
    private float[] even = new float[0];

    private float[] odd = new float[0];

    /** What the sums of odd columns start with. */
    private float[] nothing = new float[0];

    /** The tokens that were put side by side last; the parts of a product have them in common. */
    private Activations[] known = new Activations[0];

    private Inputs inputs = new Inputs(0, new float[0], new float[0], new float[0]);

    /** The sum of what was read ahead; it is kept so that it is read at all. */
    int ahead;

    private SharedProduct() {}

    static void multiply(Weight.Codes w, int from, int to, Activations[] tokens, Tensor y) {
        SharedProduct product = OF_THREAD.get();
        product.read(tokens);
        Turns turns = Turns.ofThread(w);
        int whole = tokens.length % TOGETHER == 1 ? tokens.length - 1 : tokens.length;
        int blocks = (whole + TOGETHER - 1) / TOGETHER;
        product.reserve(blocks);
        int last = Turns.vectors(to) - 1;
        for (int first = Turns.vectors(from); first <= last; first += 2) {
            // a vector that has no other is its own, and is computed twice
            int second = Math.min(first + 1, last);
            turns.choose(first, second, last);
            turns.readScales(w);
            product.multiply(w, turns, blocks);
            product.store(w, first, 0, whole, y);
            product.store(w, second, TOGETHER * L, whole, y);
        }
        if (whole < tokens.length) {
            GeneratedProduct.multiply(w, from, to, tokens[whole], y.data(), y.row(whole));
        }
    }

    private void reserve(int blocks) {
        if (outputs.length < blocks * TOGETHER * 2 * L) {
            outputs = new float[blocks * TOGETHER * 2 * L];
            int sums = PanelProduct.MANY_REGISTERS ? 0 : outputs.length;
            even = new float[sums];
            odd = new float[sums];
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
     * What all tokens have, {@code [group, block of tokens, column of the group, token]}. Where
     * fewer are left than a block has the last token is there more than once.
     */
    private record Inputs(int blocks, float[] values, float[] starts, float[] sums) {
        /** Written over {@code old} where that has room. */
        static Inputs of(Activations[] tokens, Inputs old) {
            int blocks = (tokens.length + TOGETHER - 1) / TOGETHER;
            return new Inputs(
                    blocks,
                    sideBySide(tokens, blocks, Activations::values, old.values),
                    sideBySide(tokens, blocks, Activations::starts, old.starts),
                    sideBySide(tokens, blocks, Activations::sums, old.sums));
        }

        private static float[] sideBySide(
                Activations[] tokens,
                int blocks,
                Function<Activations, float[]> part,
                float[] old) {
            int groups = tokens[0].sums().length;
            int each = part.apply(tokens[0]).length / groups;
            int numbers = blocks * groups * each * TOGETHER;
            float[] all = old.length < numbers ? new float[numbers] : old;
            for (int t = 0; t < blocks * TOGETHER; t++) {
                float[] token = part.apply(tokens[Math.min(t, tokens.length - 1)]);
                for (int group = 0; group < groups; group++) {
                    int to = (group * blocks + t / TOGETHER) * each * TOGETHER + t % TOGETHER;
                    for (int i = 0; i < each; i++) {
                        all[to + i * TOGETHER] = token[group * each + i];
                    }
                }
            }
            return all;
        }
    }

    /** Two vectors of rows times all tokens. */
    private void multiply(Weight.Codes w, Turns turns, int blocks) {
        int size = w.groupSize();
        int lines = size * w.coding().bits() / 32;
        Arrays.fill(outputs, 0, blocks * TOGETHER * 2 * L, 0f);
        for (int group = 0; group < w.groups(); group++) {
            ahead += read(w.codes()[turns.nextU], group * lines, (group + 1) * lines);
            if (turns.nextV != turns.nextU) {
                ahead += read(w.codes()[turns.nextV], group * lines, (group + 1) * lines);
            }
            int column = group * size;
            Unpacking.whereTheyLie(w, turns.u, turns.uLane, column, size, codes, 0);
            Unpacking.whereTheyLie(w, turns.v, turns.vLane, column, size, codes, SECOND);
            int u = group * PANEL + turns.uScale;
            int v = group * PANEL + turns.vScale;
            // there may be one block more of inputs: the token that goes alone
            int place = group * inputs.blocks;
            if (PanelProduct.MANY_REGISTERS) {
                for (int block = 0; block < blocks; block++) {
                    bothChains(size, turns.wide, u, v, inputs, place + block, 8 * L * block);
                }
            } else {
                chainAfterChain(size, turns.wide, u, v, inputs, place, blocks);
            }
        }
    }

    /** Brings what was computed of vector {@code i} to the rows of tokens up to {@code end}. */
    private void store(Weight.Codes w, int i, int at, int end, Tensor y) {
        int row = i * L;
        int count = Math.min(L, w.rows() - row);
        for (int t = 0; t < end && count > 0; t++) {
            int from = at + (t / TOGETHER * 2 * TOGETHER + t % TOGETHER) * L;
            System.arraycopy(outputs, from, y.data(), y.row(t) + row, count);
        }
    }

    /** Brings lines of a panel to come in while this one is multiplied. */
    private static int read(int[] panel, int from, int to) {
        int sum = 0;
        for (int line = from; line < to; line++) {
            sum += panel[line * PANEL];
        }
        return sum;
    }

    /**
     * A group of two vectors times four tokens. Even columns go to {@code a} and {@code c}, odd
     * ones to {@code b} and {@code d}.
     */
    private void bothChains(
            int size, ScaleScratch wide, int u, int v, Inputs in, int place, int out) {
        float[] x = in.values;
        float[] starts = in.starts;
        FloatVector a0 = FloatVector.broadcast(F, starts[4 * place]);
        FloatVector a1 = FloatVector.broadcast(F, starts[4 * place + 1]);
        FloatVector a2 = FloatVector.broadcast(F, starts[4 * place + 2]);
        FloatVector a3 = FloatVector.broadcast(F, starts[4 * place + 3]);
        FloatVector b0 = FloatVector.zero(F);
        FloatVector b1 = b0;
        FloatVector b2 = b0;
        FloatVector b3 = b0;
        FloatVector c0 = a0;
        FloatVector c1 = a1;
        FloatVector c2 = a2;
        FloatVector c3 = a3;
        FloatVector d0 = b0;
        FloatVector d1 = b0;
        FloatVector d2 = b0;
        FloatVector d3 = b0;
        int first = 4 * place * size;
        for (int k = 0; k < size; k += 2) {
            int i = first + 4 * k;
            int at = COLUMN * k;
            FloatVector p = FloatVector.fromMemorySegment(F, codes, at, ORDER);
            FloatVector q = FloatVector.fromMemorySegment(F, codes, at + SECOND, ORDER);
            FloatVector s = FloatVector.broadcast(F, x[i]);
            a0 = p.fma(s, a0);
            c0 = q.fma(s, c0);
            s = FloatVector.broadcast(F, x[i + 1]);
            a1 = p.fma(s, a1);
            c1 = q.fma(s, c1);
            s = FloatVector.broadcast(F, x[i + 2]);
            a2 = p.fma(s, a2);
            c2 = q.fma(s, c2);
            s = FloatVector.broadcast(F, x[i + 3]);
            a3 = p.fma(s, a3);
            c3 = q.fma(s, c3);
            p = FloatVector.fromMemorySegment(F, codes, at + COLUMN, ORDER);
            q = FloatVector.fromMemorySegment(F, codes, at + COLUMN + SECOND, ORDER);
            s = FloatVector.broadcast(F, x[i + 4]);
            b0 = p.fma(s, b0);
            d0 = q.fma(s, d0);
            s = FloatVector.broadcast(F, x[i + 5]);
            b1 = p.fma(s, b1);
            d1 = q.fma(s, d1);
            s = FloatVector.broadcast(F, x[i + 6]);
            b2 = p.fma(s, b2);
            d2 = q.fma(s, d2);
            s = FloatVector.broadcast(F, x[i + 7]);
            b3 = p.fma(s, b3);
            d3 = q.fma(s, d3);
        }
        FloatVector scale = FloatVector.fromArray(F, wide.scales(), u);
        a0 = a0.add(b0).fma(scale, FloatVector.fromArray(F, outputs, out));
        a1 = a1.add(b1).fma(scale, FloatVector.fromArray(F, outputs, out + L));
        a2 = a2.add(b2).fma(scale, FloatVector.fromArray(F, outputs, out + 2 * L));
        a3 = a3.add(b3).fma(scale, FloatVector.fromArray(F, outputs, out + 3 * L));
        scale = FloatVector.fromArray(F, wide.scales(), v);
        c0 = c0.add(d0).fma(scale, FloatVector.fromArray(F, outputs, out + 4 * L));
        c1 = c1.add(d1).fma(scale, FloatVector.fromArray(F, outputs, out + 5 * L));
        c2 = c2.add(d2).fma(scale, FloatVector.fromArray(F, outputs, out + 6 * L));
        c3 = c3.add(d3).fma(scale, FloatVector.fromArray(F, outputs, out + 7 * L));
        if (wide.offsets().length > 0) {
            float[] sums = in.sums;
            FloatVector p = FloatVector.fromArray(F, wide.offsets(), u);
            FloatVector q = FloatVector.fromArray(F, wide.offsets(), v);
            FloatVector s = FloatVector.broadcast(F, sums[4 * place]);
            a0 = p.fma(s, a0);
            c0 = q.fma(s, c0);
            s = FloatVector.broadcast(F, sums[4 * place + 1]);
            a1 = p.fma(s, a1);
            c1 = q.fma(s, c1);
            s = FloatVector.broadcast(F, sums[4 * place + 2]);
            a2 = p.fma(s, a2);
            c2 = q.fma(s, c2);
            s = FloatVector.broadcast(F, sums[4 * place + 3]);
            a3 = p.fma(s, a3);
            c3 = q.fma(s, c3);
        }
        a0.intoArray(outputs, out);
        a1.intoArray(outputs, out + L);
        a2.intoArray(outputs, out + 2 * L);
        a3.intoArray(outputs, out + 3 * L);
        c0.intoArray(outputs, out + 4 * L);
        c1.intoArray(outputs, out + 5 * L);
        c2.intoArray(outputs, out + 6 * L);
        c3.intoArray(outputs, out + 7 * L);
    }

    /**
     * A group of two vectors times all blocks of four tokens: the sums of even columns, those of
     * odd ones, and both to the outputs. A loop for each leaves it the registers.
     */
    private void chainAfterChain(
            int size, ScaleScratch wide, int u, int v, Inputs in, int place, int count) {
        int first = 4 * place * size;
        sum(size, 0, in.values, first, in.starts, 4 * place, even, count);
        sum(size, COLUMN, in.values, first + 4, nothing, 0, odd, count);
        addSums(wide.scales(), u, 0, count);
        addSums(wide.scales(), v, 4 * L, count);
        if (wide.offsets().length > 0) {
            addOffsets(wide.offsets(), u, in.sums, 4 * place, 0, count);
            addOffsets(wide.offsets(), v, in.sums, 4 * place, 4 * L, count);
        }
    }

    /**
     * Every other column, from the one whose codes begin at byte {@code at}, times all tokens.
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
                FloatVector u = FloatVector.fromMemorySegment(F, codes, at + COLUMN * k, ORDER);
                FloatVector v =
                        FloatVector.fromMemorySegment(F, codes, at + COLUMN * k + SECOND, ORDER);
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
    private void addSums(float[] scales, int at, int first, int count) {
        FloatVector scale = FloatVector.fromArray(F, scales, at);
        for (int block = 0; block < count; block++) {
            int from = 8 * L * block + first;
            for (int i = from; i < from + 4 * L; i += L) {
                FloatVector.fromArray(F, even, i)
                        .add(FloatVector.fromArray(F, odd, i))
                        .fma(scale, FloatVector.fromArray(F, outputs, i))
                        .intoArray(outputs, i);
            }
        }
    }

    /** Adds the offsets of a vector to its outputs. */
    private void addOffsets(
            float[] offsets, int at, float[] inputSums, int input, int first, int count) {
        FloatVector offset = FloatVector.fromArray(F, offsets, at);
        for (int block = 0; block < count; block++) {
            for (int i = 0; i < 4; i++) {
                int out = 8 * L * block + first + i * L;
                offset.fma(
                                FloatVector.broadcast(F, inputSums[input + 4 * block + i]),
                                FloatVector.fromArray(F, outputs, out))
                        .intoArray(outputs, out);
            }
        }
    }
}
