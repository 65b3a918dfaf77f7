package dev.loupe.model;

import dev.loupe.kernels.Activation;
import dev.loupe.kernels.CrossEntropy;
import dev.loupe.kernels.Elementwise;
import dev.loupe.kernels.Normalization;
import dev.loupe.kernels.Processor;
import dev.loupe.kernels.Product;
import dev.loupe.kernels.Rotation;
import dev.loupe.kernels.SelfAttention;
import dev.loupe.kernels.SelfAttention.Heads;
import dev.loupe.kernels.SelfAttention.Visible;
import dev.loupe.kernels.Targets;
import dev.loupe.kernels.Tensor;
import dev.loupe.kernels.Weight;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * Computes, and remembers nothing but keys and values. Two arenas take turns: a block's tensors
 * live in one, its input in the other; a third one has what callers ask for {@link #inPassing}. Not
 * for two threads at once.
 */
public final class Inference implements Ops {
    private final Processor processor;
    private final Taps taps;
    private final Arena[] arenas = {new Arena(), new Arena()};
    private final Arena passing = new Arena();
    private int current;

    /** Where tensors have room; null for an array of their own. */
    private @Nullable Arena room;

    public Inference(Processor processor) {
        this(processor, Taps.NONE);
    }

    public Inference(Processor processor, Taps taps) {
        this.processor = processor;
        this.taps = taps;
    }

    @Override
    public Taps taps() {
        return taps;
    }

    /** A tensor whose numbers are about to be written, all of them. */
    private Tensor room(int rows, int cols, int generated) {
        return room == null ? Tensor.of(rows, cols, generated) : room.room(rows, cols, generated);
    }

    private Tensor like(Tensor x) {
        return room(x.rows(), x.cols(), x.generated());
    }

    @Override
    public Tensor block(Block block, Tensor x, Batch batch) {
        current = 1 - current;
        room = arenas[current];
        try {
            return block.forward(this, x, batch);
        } finally {
            arenas[1 - current].clear();
            room = null;
        }
    }

    /**
     * Computes something that is looked at and then left, such as logits that a token is drawn
     * from: its room is that of the next one. Large arrays that are made anew for each token
     * outgrow collectors that seldom look at what is old.
     *
     * @param work outside of blocks
     * @return its result, until the next call
     */
    public Tensor inPassing(Supplier<Tensor> work) {
        passing.clear();
        room = passing;
        try {
            return work.get();
        } finally {
            room = null;
        }
    }

    @Override
    public Tensor embed(Weight table, int[] ids, int generated) {
        Tensor y = room(ids.length, table.cols(), generated);
        for (int t = 0; t < ids.length; t++) {
            table.row(ids[t], y.data(), y.row(t));
        }
        return y;
    }

    @Override
    public Tensor matmul(Tensor x, Weight w, float @Nullable [] bias) {
        Tensor y = room(x.rows(), w.rows(), x.generated());
        Product.multiply(processor, x, w, bias, y);
        return y;
    }

    @Override
    public Tensor norm(Tensor x, @Nullable Norm norm) {
        if (norm == null) {
            return x;
        }
        Tensor y = like(x);
        Normalization.normalize(
                processor, norm.kind(), x, norm.weight(), norm.bias(), norm.eps(), y);
        return y;
    }

    @Override
    public Tensor rope(Tensor x, @Nullable Rotation rotation, int[] positions) {
        if (rotation == null) {
            return x;
        }
        Tensor y = like(x);
        rotation.rotate(processor, x, positions, y);
        return y;
    }

    @Override
    public Visible remember(Batch batch, int layer, Tensor k, Tensor v, Heads heads, int window) {
        return batch.extend(processor, layer, k, v, heads.headDim(), window);
    }

    @Override
    public Tensor attention(Tensor q, Visible visible, Heads heads) {
        Tensor z = like(q);
        SelfAttention.attend(processor, q, visible, heads, z);
        return z;
    }

    @Override
    public Tensor activation(Tensor x, Activation f) {
        Tensor y = like(x);
        Elementwise.activate(processor, f, x, y);
        return y;
    }

    @Override
    public Tensor multiply(Tensor a, Tensor b) {
        Tensor y = like(a);
        Elementwise.multiply(processor, a, b, y);
        return y;
    }

    /** In one room, what {@link Ops} composes of two. */
    @Override
    public Tensor neurons(Tensor pre, Activation f, @Nullable Tensor gated) {
        Tensor y = activation(pre, f);
        if (gated != null) {
            Elementwise.multiply(processor, y, gated, y);
        }
        return y;
    }

    @Override
    public Tensor add(Tensor a, Tensor b) {
        Tensor y = like(a);
        Elementwise.add(processor, a, b, y);
        return y;
    }

    @Override
    public Tensor addColumns(Tensor a, int column, Tensor b) {
        Tensor y = like(a);
        Elementwise.scale(processor, a, 1, y);
        Elementwise.accumulate(processor, b, 1, y.columns(column, b.cols()));
        return y;
    }

    @Override
    public Tensor crossEntropy(Tensor x, Linear unembedding, Targets targets) {
        Tensor loss = room(x.rows(), 1, x.generated());
        Weight w = unembedding.withoutAdapters();
        CrossEntropy.losses(processor, x, w, unembedding.bias(), targets, loss, null);
        return loss;
    }

    @Override
    public Tensor scale(Tensor x, float s) {
        if (s == 1) {
            return x;
        }
        Tensor y = like(x);
        Elementwise.scale(processor, x, s, y);
        return y;
    }

    @Override
    public Tensor rows(Tensor x, int[] rows) {
        int generated = (int) Arrays.stream(rows).filter(row -> row < x.generated()).count();
        Tensor y = room(rows.length, x.cols(), generated);
        Elementwise.gather(x, rows, y);
        return y;
    }

    @Override
    public Tensor scores(Tensor q, Visible visible, Heads heads, int keys) {
        Tensor s = room(q.rows(), Math.multiplyExact(heads.nHead(), keys), q.generated());
        SelfAttention.scores(processor, q, visible, heads, s);
        return s;
    }

    @Override
    public Tensor softmax(Tensor scores, int group) {
        Tensor p = like(scores);
        SelfAttention.softmax(processor, scores, group, p);
        return p;
    }

    @Override
    public Tensor mix(Tensor pattern, Visible visible, Heads heads) {
        Tensor z = room(pattern.rows(), heads.nHead() * heads.headDim(), pattern.generated());
        SelfAttention.mix(processor, pattern, visible, heads, z);
        return z;
    }

    @Override
    public Tensor choose(boolean[][] second, Tensor a, Tensor b) {
        Tensor y = like(a);
        Elementwise.choose(second, a, b, y);
        return y;
    }

    /** Arrays that are handed out piece by piece until they are cleared, and then again. */
    private static final class Arena {
        /** Numbers in an array, if no single tensor needs more: 1 MB. */
        private static final int LEAST = 1 << 18;

        private final List<float[]> slabs = new ArrayList<>();
        private int slab;
        private int used;

        Tensor room(int rows, int cols, int generated) {
            // rows that start at multiples of 512 bytes compete for the same lines of the cache
            int stride = cols % 128 == 0 ? cols + 16 : cols;
            int n = Math.multiplyExact(rows, stride);
            while (slab < slabs.size() && slabs.get(slab).length - used < n) {
                slab++;
                used = 0;
            }
            if (slab == slabs.size()) {
                slabs.add(new float[Math.max(n, LEAST)]);
            }
            Tensor tensor = new Tensor(slabs.get(slab), used, rows, cols, stride, generated);
            used += n;
            return tensor;
        }

        void clear() {
            // a tensor that outlives its block shows itself in every test that runs with -ea
            assert poison();
            slab = 0;
            used = 0;
        }

        private boolean poison() {
            slabs.forEach(numbers -> Arrays.fill(numbers, Float.NaN));
            return true;
        }
    }
}
