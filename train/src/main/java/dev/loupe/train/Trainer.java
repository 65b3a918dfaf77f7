package dev.loupe.train;

import dev.loupe.kernels.AdamW;
import dev.loupe.kernels.Dropout;
import dev.loupe.kernels.Processor;
import dev.loupe.kernels.Targets;
import dev.loupe.kernels.Tensor;
import dev.loupe.model.Batch;
import dev.loupe.model.Gpt;
import dev.loupe.model.Gradients;
import dev.loupe.model.KvCache;
import dev.loupe.model.Parameter;
import dev.loupe.model.Parameters;
import dev.loupe.model.Tape;
import dev.loupe.model.Taps;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * Trains a model on windows of text: forward, backward, one step of AdamW. The same seed and data
 * give the same weights, bit for bit, on any number of threads, and whether or not training was
 * stopped and resumed on the way. Not for two threads at once.
 */
public final class Trainer {
    /** The usual small number of Adam. */
    private static final float EPS = 1e-8f;

    /** After so many skipped steps in a row training goes back to the last checkpoint. */
    public static final int MOST_SKIPPED = 5;

    private final Gpt gpt;
    private final Recipe recipe;
    private final TokenFile data;
    private final Windows windows;
    private final Processor processor;
    private final Gradients gradients;
    private final Moments moments;
    private final WeightAverage average;
    private final Tape tape;
    private Progress progress = Progress.START;

    /**
     * Trains everything that the model keeps as 32-bit floats.
     *
     * @param windows where in the data to train, and in which order
     */
    public Trainer(Gpt gpt, Recipe recipe, TokenFile data, Windows windows, Processor processor) {
        this.gpt = gpt;
        this.recipe = recipe;
        this.data = data;
        this.windows = windows;
        this.processor = processor;
        List<Parameter> parameters = Parameters.of(gpt);
        gradients = new Gradients(parameters);
        moments = new Moments(gradients);
        average = new WeightAverage(parameters, recipe.average());
        tape =
                new Tape(
                        processor,
                        gradients,
                        recipe.recompute() ? Tape.Blocks.RECOMPUTE : Tape.Blocks.KEEP,
                        Taps.NONE);
    }

    /** The model as it stands. */
    public Gpt gpt() {
        return gpt;
    }

    /** Steps that were made. */
    public long step() {
        return progress.step();
    }

    /** Whether all steps were made. */
    public boolean finished() {
        return progress.step() >= recipe.schedule().steps();
    }

    /** Whether so many steps were skipped in a row that only going back helps. */
    public boolean stuck() {
        return progress.skippedInARow() >= MOST_SKIPPED;
    }

    /** One step: as many batches as are accumulated, and an update unless the guard refuses it. */
    public StepReport next() {
        long start = System.nanoTime();
        double rate = recipe.schedule().at(progress.step()) * progress.slowdown();
        gradients.clear();
        double loss = 0;
        for (int i = 0; i < recipe.accumulation(); i++) {
            if (recipe.dropout() > 0) {
                long stream = progress.step() * recipe.accumulation() + i;
                tape.dropout(recipe.dropout(), Dropout.split(recipe.seed() ^ stream << 20, 0));
            }
            loss += accumulate(progress.windows() + (long) i * recipe.batch());
        }
        double norm = moments.gradientNorm(processor);
        String skipped = refusal(loss, norm);
        int updates = progress.updates();
        if (skipped == null) {
            AdamW adam =
                    new AdamW((float) rate, recipe.beta1(), recipe.beta2(), EPS, recipe.decay());
            float scale = norm > recipe.clip() ? (float) (recipe.clip() / norm) : 1;
            moments.step(processor, adam, ++updates, scale);
            average.update(processor, updates);
        }
        return advance(loss, norm, rate, updates, skipped, start);
    }

    private @Nullable String refusal(double loss, double norm) {
        if (!Double.isFinite(loss)) {
            return "the loss is " + loss;
        }
        if (progress.guard().refuses(norm)) {
            return "the norm of the gradients, %.3g, is far outside of what it was".formatted(norm);
        }
        return null;
    }

    private StepReport advance(
            double loss,
            double norm,
            double rate,
            int updates,
            @Nullable String skipped,
            long startNanos) {
        int used = recipe.batch() * recipe.accumulation();
        long tokens = (long) used * windows.length();
        double seconds = (System.nanoTime() - startNanos) / 1e9;
        progress =
                new Progress(
                        progress.step() + 1,
                        updates,
                        progress.windows() + used,
                        progress.tokens() + tokens,
                        progress.seconds() + seconds,
                        progress.slowdown(),
                        skipped == null ? 0 : progress.skippedInARow() + 1,
                        skipped == null ? progress.guard().with(norm) : progress.guard());
        return new StepReport(
                progress.step(),
                progress.tokens(),
                progress.seconds(),
                loss,
                rate,
                norm,
                tokens / seconds,
                skipped);
    }

    /** Adds the gradients of a batch; gives its share of the loss of the step. */
    private double accumulate(long firstWindow) {
        int rows = recipe.batch() * windows.length();
        List<Batch.Part> parts = new ArrayList<>();
        int[] targets = new int[rows];
        for (int b = 0; b < recipe.batch(); b++) {
            parts.add(part(windows.start(firstWindow + b), targets, b * windows.length()));
        }
        float[] weights = new float[rows];
        Arrays.fill(weights, 1f / (rows * recipe.accumulation()));
        Tensor losses = gpt.loss(tape, new Batch(parts), new Targets(targets, weights));
        double loss = sum(losses);
        if (Double.isFinite(loss)) {
            tape.backward(losses);
        }
        tape.clear();
        return loss;
    }

    private Batch.Part part(long start, int[] targets, int to) {
        int length = windows.length();
        int[] ids = new int[length + 1];
        data.read(start, ids, 0, length + 1);
        System.arraycopy(ids, 1, targets, to, length);
        return new Batch.Part(KvCache.none(), false, Arrays.copyOf(ids, length));
    }

    private static double sum(Tensor losses) {
        double sum = 0;
        for (int r = 0; r < losses.rows(); r++) {
            sum += losses.at(r, 0);
        }
        return sum;
    }

    /**
     * The mean loss of a range of tokens that is not trained on, in nats. It takes windows that are
     * spread evenly, always the same, and changes nothing: no weight, no order, no random number.
     *
     * @param first the first token
     * @param tokens how many there are
     * @param most windows at most
     */
    public double validate(long first, long tokens, int most) {
        int length = (int) Math.min(windows.length(), tokens - 1);
        if (length < 1) {
            throw new DataException(
                    "there is nothing to validate with: %d tokens".formatted(tokens));
        }
        long there = Math.max(1, (tokens - 1) / length);
        long count = Math.min(most, there);
        // whole batches fit into the memory of training
        count -= count > recipe.batch() ? count % recipe.batch() : 0;
        double sum = 0;
        for (long done = 0; done < count; done += recipe.batch()) {
            int batch = (int) Math.min(recipe.batch(), count - done);
            List<Batch.Part> parts = new ArrayList<>();
            int[] targets = new int[batch * length];
            for (int b = 0; b < batch; b++) {
                long start = first + (done + b) * there / count * length;
                int[] ids = new int[length + 1];
                data.read(start, ids, 0, length + 1);
                System.arraycopy(ids, 1, targets, b * length, length);
                parts.add(new Batch.Part(KvCache.none(), false, Arrays.copyOf(ids, length)));
            }
            float[] weights = new float[targets.length];
            Arrays.fill(weights, 1f / length);
            Targets asked = new Targets(targets, weights);
            sum += sum(tape.watch(() -> gpt.loss(tape, new Batch(parts), asked)));
        }
        return sum / count;
    }

    /**
     * Does something with the average of the weights in their place, where there is one, and puts
     * them back.
     */
    public <T> T withAverage(Supplier<T> what) {
        average.swap(processor);
        try {
            return what.get();
        } finally {
            average.swap(processor);
        }
    }

    /** Everything that training goes on from. */
    Checkpoint checkpoint() {
        List<float[]> exact = new ArrayList<>(moments.numbers());
        exact.addAll(average.arrays());
        return new Checkpoint(progress, exact, moments.arrays());
    }

    /** Where training stood when a checkpoint was read into {@link #checkpoint}'s arrays. */
    void goOnFrom(Progress there) {
        progress = there;
    }

    /** After going back: smaller steps, and other windows than those that led astray. */
    void slowDown(Progress there, long windowsUsed) {
        progress =
                new Progress(
                        there.step(),
                        there.updates(),
                        Math.max(windowsUsed, there.windows()),
                        there.tokens(),
                        there.seconds(),
                        progress.slowdown() / 2,
                        0,
                        there.guard());
    }

    /** Windows that were used. */
    long windowsUsed() {
        return progress.windows();
    }
}
