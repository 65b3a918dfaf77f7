package dev.loupe.model;

import dev.loupe.kernels.Activation;
import dev.loupe.kernels.CrossEntropy;
import dev.loupe.kernels.Dropout;
import dev.loupe.kernels.Elementwise;
import dev.loupe.kernels.Embedding;
import dev.loupe.kernels.Normalization;
import dev.loupe.kernels.Processor;
import dev.loupe.kernels.Product;
import dev.loupe.kernels.ProductBackward;
import dev.loupe.kernels.Rotation;
import dev.loupe.kernels.SelfAttention;
import dev.loupe.kernels.SelfAttention.Heads;
import dev.loupe.kernels.SelfAttention.Visible;
import dev.loupe.kernels.Sequences;
import dev.loupe.kernels.Targets;
import dev.loupe.kernels.Tensor;
import dev.loupe.kernels.Weight;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * Computes as {@link Inference} does, to the bit, and remembers what it did; {@link #backward} then
 * goes through it in reverse and adds up how the loss changes with each parameter.
 *
 * <pre>{@code
 * Gradients gradients = new Gradients(Parameters.of(gpt));
 * Tape tape = new Tape(processor, gradients);
 * Batch batch = new Batch(new Batch.Part(KvCache.none(), false, ids));
 * Tensor loss = gpt.loss(tape, batch, Targets.mean(next));
 * tape.backward(loss);
 * }</pre>
 *
 * <p>Each operation's backward stands beside its forward in {@link dev.loupe.kernels}. A tape
 * serves one step after another and uses its memory again; tensors of the step before are then no
 * longer valid. Not for two threads at once.
 */
public final class Tape implements Ops {
    /** What happens to the activations of a block until the backward asks for them. */
    public enum Blocks {
        /** They are kept: the fastest. */
        KEEP,
        /**
         * They are forgotten and computed again, which takes a third more time, and memory for the
         * activations of one block instead of all (Chen et al. 2016, arXiv:1604.06174).
         */
        RECOMPUTE
    }

    /**
     * @param whole false if an earlier step's result is in the same array, and released with it
     */
    private record Step(Tensor result, Runnable backward, boolean whole) {}

    private final Processor processor;
    private final Gradients gradients;
    private final Blocks blocks;
    private final Taps taps;
    private final Memory memory;
    private final Recomputed recomputed;
    private List<Step> steps = new ArrayList<>();
    private boolean recording = true;
    private boolean watching;
    private boolean done;
    private float dropout;
    private float adapterDropout;
    private long stream;

    /** Keeps all activations, with nobody looking in. */
    public Tape(Processor processor, Gradients gradients) {
        this(processor, gradients, Blocks.KEEP, Taps.NONE);
    }

    /**
     * @param gradients what {@link #backward} adds to
     * @param taps who looks in; the tensors that they see stay valid until the next step, and so do
     *     their gradients
     * @throws IllegalArgumentException if taps are to look into blocks that are computed twice
     */
    public Tape(Processor processor, Gradients gradients, Blocks blocks, Taps taps) {
        if (blocks == Blocks.RECOMPUTE && !taps.equals(Taps.NONE)) {
            throw new IllegalArgumentException(
                    "taps exclude the recomputation of blocks: they would be called twice, and what"
                            + " they saw first would be forgotten; use Blocks.KEEP");
        }
        this.processor = processor;
        this.gradients = gradients;
        this.blocks = blocks;
        this.taps = taps;
        memory = new Memory(x -> Elementwise.clear(processor, x));
        recomputed = new Recomputed(memory);
    }

    /**
     * From now on the model drops numbers out, behind the embedding and behind each attention and
     * MLP.
     *
     * @param rate how many, 0 to less than 1
     * @param stream decides which; another for each step
     */
    public void dropout(float rate, long stream) {
        this.dropout = new Dropout(rate, stream).rate();
        this.stream = stream;
    }

    /**
     * From now on adapters that are trained read their inputs with numbers dropped out, each its
     * own; the weights beside them read all.
     *
     * @param rate how many, 0 to less than 1
     * @param stream decides which; another for each step
     */
    public void adapterDropout(float rate, long stream) {
        this.adapterDropout = new Dropout(rate, stream).rate();
        this.stream = stream;
    }

    /**
     * Batches will have at most so many rows. Memory for that many is taken at once, so that
     * batches of all lengths find room in it.
     */
    public void mostRows(int rows) {
        memory.mostRows(rows);
    }

    /**
     * Adds the gradient of the sum of all losses to {@link Gradients}.
     *
     * @param loss from {@link Gpt#loss}, or any tensor that this tape made, the sum of which is
     *     differentiated; its numbers stay valid
     */
    public void backward(Tensor loss) {
        memory.keep(loss);
        Tensor seed = memory.gradient(loss);
        for (int r = 0; r < seed.rows(); r++) {
            Arrays.fill(seed.data(), seed.row(r), seed.row(r) + seed.cols(), 1);
        }
        replay();
        done = true;
    }

    /**
     * The gradient of a tensor that taps saw or made, after {@link #backward} and until the next
     * step; zeros if the loss does not depend on it.
     */
    public Tensor gradient(Tensor x) {
        return memory.gradient(x);
    }

    /**
     * Computes without remembering: nothing is dropped out, no gradient changes, and the memory is
     * that of training, handed out once more.
     *
     * @return what it was asked for; valid until the next step
     */
    public Tensor watch(Supplier<Tensor> asked) {
        clear();
        watching = true;
        recording = false;
        try {
            return asked.get();
        } finally {
            watching = false;
            done = true;
        }
    }

    /** How many numbers all activations and their gradients have room for, after a step. */
    public long room() {
        return memory.size();
    }

    /** Forgets a step that was begun, as after a loss that is no number. */
    public void clear() {
        steps.clear();
        memory.clear();
        recording = true;
        done = false;
    }

    @Override
    public Taps taps() {
        return taps;
    }

    private void replay() {
        for (int i = steps.size() - 1; i >= 0; i--) {
            Step step = steps.removeLast();
            if (memory.hasGradient(step.result)) {
                step.backward.run();
            }
            if (step.whole) {
                memory.release(step.result);
            }
        }
    }

    private Tensor room(int rows, int cols, boolean needed) {
        begin();
        return memory.room(rows, cols, needed || watched());
    }

    /** Before a result is made. */
    private void begin() {
        if (done) {
            clear();
        }
    }

    private boolean watched() {
        return !taps.equals(Taps.NONE);
    }

    private Tensor like(Tensor x) {
        return room(x.rows(), x.cols(), memory.needed(x));
    }

    private Tensor record(Tensor y, Runnable backward) {
        if (recording && memory.needed(y)) {
            steps.add(new Step(y, backward, true));
        }
        return y;
    }

    private Tensor gradientOf(Tensor x) {
        return memory.gradient(x);
    }

    @Override
    public Tensor tap(Site site, int layer, Tensor x) {
        if (!taps.wants(site, layer)) {
            return x;
        }
        Tensor y = Ops.super.tap(site, layer, x);
        memory.keep(x);
        memory.keep(y);
        return y;
    }

    @Override
    public Tensor block(Block block, Tensor x, Batch batch) {
        if (watching) {
            memory.note();
            Tensor y = block.forward(this, x, batch);
            memory.releaseNoted(y);
            return y;
        }
        if (blocks == Blocks.KEEP || !recording) {
            return block.forward(this, x, batch);
        }
        recording = false;
        memory.note();
        Tensor y;
        try {
            y = block.forward(this, x, batch);
        } finally {
            recording = true;
        }
        memory.releaseNoted(y);
        return record(y, () -> blockBackward(block, x, batch, y));
    }

    private void blockBackward(Block block, Tensor x, Batch batch, Tensor y) {
        List<Step> outer = steps;
        steps = new ArrayList<>();
        Tensor again = block.forward(this, x, batch);
        memory.moveGradient(y, again);
        replay();
        steps = outer;
    }

    @Override
    public Tensor embed(Weight table, int[] ids, int generated) {
        if (generated > 0) {
            throw new IllegalArgumentException(
                    "a part is marked as generated; a tape computes all tokens as those of a"
                            + " prompt, mark it so");
        }
        float @Nullable [][] gradient = gradients.of(table);
        Tensor y = room(ids.length, table.cols(), gradient != null);
        Embedding.look(processor, table, ids, y);
        return record(
                y,
                () -> {
                    if (gradient != null) {
                        Embedding.lookBackward(processor, ids, gradientOf(y), gradient);
                    }
                });
    }

    @Override
    public Tensor matmul(Tensor x, Weight w, float @Nullable [] bias) {
        float @Nullable [][] dw = gradients.of(w);
        float @Nullable [] db = gradients.of(bias);
        Tensor y = room(x.rows(), w.rows(), dw != null || db != null || memory.needed(x));
        Product.multiply(processor, x, w, bias, y);
        Runnable restore = recomputed.restoring(x);
        return record(y, () -> matmulBackward(x, restore, w, dw, db, gradientOf(y)));
    }

    /**
     * @param restore brings back what is in {@code x}
     */
    private void matmulBackward(
            Tensor x,
            Runnable restore,
            Weight w,
            float @Nullable [][] dw,
            float @Nullable [] db,
            Tensor dy) {
        if (dw != null) {
            restore.run();
            ProductBackward.weights(processor, x, dy, dw, db);
        } else if (db != null) {
            ProductBackward.bias(processor, dy, db);
        }
        if (memory.needed(x)) {
            Tensor fresh = memory.freshGradient(x);
            Tensor dx = fresh == null ? gradientOf(x) : fresh;
            ProductBackward.inputs(processor, dy, w, dx, fresh == null);
        }
    }

    /**
     * In one, what {@link Ops} composes: what adapters say is added in place, and their gradients
     * are taken from that of the sum. Copies of each sum took a quarter of a step.
     */
    @Override
    public Tensor linear(Tensor x, Linear linear) {
        if (linear.adapters().isEmpty()) {
            return matmul(x, linear.weight(), linear.bias());
        }
        float @Nullable [][] dw = gradients.of(linear.weight());
        float @Nullable [] db = gradients.of(linear.bias());
        List<Adapted> adapted = new ArrayList<>();
        boolean needed = dw != null || db != null || memory.needed(x);
        for (Lora lora : linear.adapters()) {
            needed |= gradients.of(lora.a()) != null || gradients.of(lora.b()) != null;
            adapted.add(adapted(x, lora));
        }
        Tensor y = room(x.rows(), linear.weight().rows(), needed);
        Product.multiply(processor, x, linear.weight(), linear.bias(), y);
        for (Adapted one : adapted) {
            Tensor more = room(x.rows(), one.lora.b().rows(), false);
            Product.multiply(processor, one.low, one.lora.b(), null, more);
            Elementwise.accumulate(processor, more, 1, one.outputs(y));
            memory.release(more);
        }
        Runnable restore = recomputed.restoring(x);
        return record(
                y,
                () -> {
                    Tensor dy = gradientOf(y);
                    matmulBackward(x, restore, linear.weight(), dw, db, dy);
                    adapted.forEach(one -> adapterBackward(one, one.outputs(dy)));
                });
    }

    /**
     * An adapter at work.
     *
     * @param x what it reads
     * @param restore brings back what is in {@code x}
     * @param low {@code scale A x}, {@code [token, rank]}
     */
    private record Adapted(Lora lora, Tensor x, Runnable restore, Tensor low) {
        /** The columns that it adds to. */
        Tensor outputs(Tensor y) {
            return y.columns(lora.first(), lora.b().rows());
        }
    }

    private Adapted adapted(Tensor x, Lora lora) {
        Tensor in = adapterInput(x, lora);
        Tensor plain = room(x.rows(), lora.a().rows(), false);
        Product.multiply(processor, in, lora.a(), null, plain);
        Tensor low = room(x.rows(), lora.a().rows(), false);
        Elementwise.scale(processor, plain, lora.scale(), low);
        memory.release(plain);
        return new Adapted(lora, in, recomputed.restoring(in), low);
    }

    private void adapterBackward(Adapted one, Tensor dy) {
        Lora lora = one.lora;
        float @Nullable [][] db = gradients.of(lora.b());
        if (db != null) {
            ProductBackward.weights(processor, one.low, dy, db, null);
        }
        Tensor dlow = memory.room(dy.rows(), one.low.cols(), false);
        ProductBackward.inputs(processor, dy, lora.b(), dlow, false);
        Tensor dplain = memory.room(dy.rows(), one.low.cols(), false);
        Elementwise.scale(processor, dlow, lora.scale(), dplain);
        matmulBackward(one.x, one.restore, lora.a(), gradients.of(lora.a()), null, dplain);
        memory.release(dlow);
        memory.release(dplain);
        memory.release(one.low);
    }

    @Override
    public Tensor norm(Tensor x, @Nullable Norm norm) {
        if (norm == null) {
            return x;
        }
        float @Nullable [] dw = gradients.of(norm.weight());
        float @Nullable [] db = gradients.of(norm.bias());
        Tensor y = room(x.rows(), x.cols(), dw != null || db != null || memory.needed(x));
        Normalization.normalize(
                processor, norm.kind(), x, norm.weight(), norm.bias(), norm.eps(), y);
        return record(
                y,
                () ->
                        Normalization.normalizeBackward(
                                processor,
                                norm.kind(),
                                x,
                                norm.weight(),
                                norm.eps(),
                                gradientOf(y),
                                gradientOf(x),
                                dw,
                                db));
    }

    @Override
    public Tensor rope(Tensor x, @Nullable Rotation rotation, int[] positions) {
        if (rotation == null) {
            return x;
        }
        Tensor y = like(x);
        rotation.rotate(processor, x, positions, y);
        return record(
                y,
                () -> rotation.rotateBackward(processor, gradientOf(y), positions, gradientOf(x)));
    }

    @Override
    public Sequences remember(Batch batch, int layer, Tensor k, Tensor v, Heads heads, int window) {
        if (batch.parts().stream().anyMatch(part -> part.cache().remembers())) {
            throw new IllegalArgumentException(
                    "a part has a cache, whose tokens would get no gradient; give the whole"
                            + " sequence with KvCache.none()");
        }
        return new Sequences(k, v, heads.headDim(), batch.starts(), window);
    }

    private static Sequences whole(Visible visible) {
        return (Sequences) visible;
    }

    private boolean needed(Tensor q, Sequences all) {
        return memory.needed(q) || memory.needed(all.k()) || memory.needed(all.v());
    }

    @Override
    public Tensor attention(Tensor q, Visible visible, Heads heads) {
        Sequences all = whole(visible);
        Tensor z = room(q.rows(), q.cols(), needed(q, all));
        Tensor lse = room(q.rows(), heads.nHead(), false);
        SelfAttention.attend(processor, q, all, heads, z, lse);
        return record(
                z,
                () -> {
                    SelfAttention.attendBackward(
                            processor,
                            q,
                            all,
                            heads,
                            z,
                            lse,
                            gradientOf(z),
                            gradientOf(q),
                            gradientOf(all.k()),
                            gradientOf(all.v()));
                    memory.release(lse);
                });
    }

    @Override
    public Tensor activation(Tensor x, Activation f) {
        Tensor y = like(x);
        Elementwise.activate(processor, f, x, y);
        return record(y, () -> activationBackward(x, f, gradientOf(y)));
    }

    private void activationBackward(Tensor x, Activation f, Tensor dy) {
        Tensor fresh = memory.freshGradient(x);
        Tensor dx = fresh == null ? gradientOf(x) : fresh;
        Elementwise.activateBackward(processor, f, x, dy, dx, fresh == null);
    }

    @Override
    public Tensor multiply(Tensor a, Tensor b) {
        Tensor y = room(a.rows(), a.cols(), memory.needed(a) || memory.needed(b));
        Elementwise.multiply(processor, a, b, y);
        return record(
                y,
                () ->
                        Elementwise.multiplyBackward(
                                processor, a, b, gradientOf(y), gradientOf(a), gradientOf(b)));
    }

    /**
     * In one, what {@link Ops} composes: neither the activation nor its product with what it gates
     * is kept, which are a third of what a block would keep.
     */
    @Override
    public Tensor neurons(Tensor pre, Activation f, @Nullable Tensor gated) {
        if (watched()) {
            return Ops.super.neurons(pre, f, gated);
        }
        boolean needed = memory.needed(pre) || (gated != null && memory.needed(gated));
        begin();
        Tensor y = recomputed.room(pre.rows(), pre.cols(), needed);
        recomputed.make(
                y,
                () -> {
                    Elementwise.activate(processor, f, pre, y);
                    if (gated != null) {
                        Elementwise.multiply(processor, y, gated, y);
                    }
                });
        return record(y, () -> neuronsBackward(pre, f, gated, gradientOf(y)));
    }

    private void neuronsBackward(Tensor pre, Activation f, @Nullable Tensor gated, Tensor dy) {
        if (gated == null) {
            activationBackward(pre, f, dy);
            return;
        }
        Tensor gate = memory.room(pre.rows(), pre.cols(), true);
        Elementwise.activate(processor, f, pre, gate);
        Tensor dgate = gradientOf(gate);
        Elementwise.multiplyBackward(processor, gate, gated, dy, dgate, gradientOf(gated));
        activationBackward(pre, f, dgate);
        memory.release(gate);
    }

    @Override
    public Tensor add(Tensor a, Tensor b) {
        Tensor y = room(a.rows(), a.cols(), memory.needed(a) || memory.needed(b));
        Elementwise.add(processor, a, b, y);
        return record(
                y,
                () -> {
                    handOn(gradientOf(y), a);
                    handOn(gradientOf(y), b);
                });
    }

    /** The sum takes the place of {@code more}, and its gradient is that of {@code more}. */
    @Override
    public Tensor residual(Tensor x, Tensor more) {
        if (watched() || (memory.needed(x) && !memory.needed(more))) {
            return Ops.super.residual(x, more);
        }
        Elementwise.accumulate(processor, x, 1, more);
        if (recording && memory.needed(more)) {
            steps.add(new Step(more, () -> handOn(gradientOf(more), x), false));
        }
        return more;
    }

    /** Adds a gradient to that of {@code x}. */
    private void handOn(Tensor gradient, Tensor x) {
        if (!memory.needed(x)) {
            return;
        }
        Tensor first = memory.freshGradient(x);
        if (first == null) {
            Elementwise.accumulate(processor, gradient, 1, gradientOf(x));
        } else {
            Elementwise.copy(processor, gradient, first);
        }
    }

    @Override
    public Tensor addColumns(Tensor a, int column, Tensor b) {
        Tensor y = room(a.rows(), a.cols(), memory.needed(a) || memory.needed(b));
        Elementwise.scale(processor, a, 1, y);
        Elementwise.accumulate(processor, b, 1, y.columns(column, b.cols()));
        return record(
                y,
                () -> {
                    Tensor dy = gradientOf(y);
                    Elementwise.accumulate(processor, dy, 1, gradientOf(a));
                    Elementwise.accumulate(
                            processor, dy.columns(column, b.cols()), 1, gradientOf(b));
                });
    }

    @Override
    public Tensor scale(Tensor x, float s) {
        if (s == 1) {
            return x;
        }
        Tensor y = like(x);
        Elementwise.scale(processor, x, s, y);
        return record(y, () -> Elementwise.accumulate(processor, gradientOf(y), s, gradientOf(x)));
    }

    @Override
    public Tensor rows(Tensor x, int[] rows) {
        Tensor y = room(rows.length, x.cols(), memory.needed(x));
        Elementwise.gather(x, rows, y);
        return record(
                y, () -> Elementwise.gatherBackward(processor, rows, gradientOf(y), gradientOf(x)));
    }

    /**
     * The gradients are made here, while the logits are there, and not in the backward: that of the
     * unembedding is added at once.
     */
    @Override
    public Tensor crossEntropy(Tensor x, Linear unembedding, Targets targets) {
        Weight w = unembedding.withoutAdapters();
        Tensor loss = room(x.rows(), 1, true);
        if (watching) {
            CrossEntropy.losses(processor, x, w, unembedding.bias(), targets, loss, null);
            return loss;
        }
        Tensor dx = memory.room(x.rows(), x.cols(), false);
        CrossEntropy.losses(
                processor,
                x,
                w,
                unembedding.bias(),
                targets,
                loss,
                new CrossEntropy.Gradient(dx, gradients.of(w), gradients.of(unembedding.bias())));
        return record(
                loss,
                () -> {
                    Tensor seed = gradientOf(loss);
                    for (int r = 0; r < seed.rows(); r++) {
                        if (seed.at(r, 0) != 1) {
                            throw new IllegalStateException(
                                    "a loss is weighted after the fact; weights belong in Targets,"
                                            + " since the unembedding's gradient is made with the"
                                            + " loss");
                        }
                    }
                    handOn(dx, x);
                    memory.release(dx);
                });
    }

    @Override
    public Tensor dropout(Tensor x, Site site, int layer) {
        if (dropout == 0 || watching) {
            return x;
        }
        return dropped(
                x, dropout, Dropout.split(Dropout.split(stream, layer), site.name().hashCode()));
    }

    @Override
    public Tensor adapterInput(Tensor x, Lora lora) {
        int place = adapterDropout == 0 ? -1 : gradients.place(lora.a());
        return place < 0 ? x : dropped(x, adapterDropout, Dropout.split(~stream, place));
    }

    private Tensor dropped(Tensor x, float rate, long place) {
        Dropout random = new Dropout(rate, place);
        Tensor y = like(x);
        Elementwise.scale(processor, x, 0, y);
        random.add(processor, x, y);
        return record(y, () -> random.add(processor, gradientOf(y), gradientOf(x)));
    }

    @Override
    public Tensor scores(Tensor q, Visible visible, Heads heads, int keys) {
        Sequences all = whole(visible);
        Tensor s = room(q.rows(), Math.multiplyExact(heads.nHead(), keys), needed(q, all));
        SelfAttention.scores(processor, q, all, heads, s);
        return record(
                s,
                () ->
                        SelfAttention.scoresBackward(
                                q, all, heads, gradientOf(s), gradientOf(q), gradientOf(all.k())));
    }

    @Override
    public Tensor softmax(Tensor scores, int group) {
        Tensor p = like(scores);
        SelfAttention.softmax(processor, scores, group, p);
        return record(
                p,
                () ->
                        SelfAttention.softmaxBackward(
                                processor, p, group, gradientOf(p), gradientOf(scores)));
    }

    @Override
    public Tensor mix(Tensor pattern, Visible visible, Heads heads) {
        Sequences all = whole(visible);
        boolean needed = memory.needed(pattern) || memory.needed(all.v());
        Tensor z = room(pattern.rows(), heads.nHead() * heads.headDim(), needed);
        SelfAttention.mix(processor, pattern, all, heads, z);
        return record(
                z,
                () ->
                        SelfAttention.mixBackward(
                                pattern,
                                all,
                                heads,
                                gradientOf(z),
                                gradientOf(pattern),
                                gradientOf(all.v())));
    }

    @Override
    public Tensor choose(boolean[][] second, Tensor a, Tensor b) {
        Tensor y = room(a.rows(), a.cols(), memory.needed(a) || memory.needed(b));
        Elementwise.choose(second, a, b, y);
        return record(
                y,
                () ->
                        Elementwise.chooseBackward(
                                processor, second, gradientOf(y), gradientOf(a), gradientOf(b)));
    }
}
