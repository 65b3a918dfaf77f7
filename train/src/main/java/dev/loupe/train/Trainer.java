package dev.loupe.train;

import dev.loupe.kernels.AdamW;
import dev.loupe.kernels.Dropout;
import dev.loupe.kernels.Processor;
import dev.loupe.kernels.Tensor;
import dev.loupe.model.Gpt;
import dev.loupe.model.Gradients;
import dev.loupe.model.Parameter;
import dev.loupe.model.Parameters;
import dev.loupe.model.Tape;
import dev.loupe.model.Taps;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Trains a model, on windows of text or on examples: forward, backward, one step of AdamW. The same
 * seed and data give the same weights, bit for bit, on any number of threads, and whether or not
 * training was stopped and resumed on the way. Not for two threads at once.
 */
public final class Trainer {
    /** The usual small number of Adam. */
    private static final float EPS = 1e-8f;

    /** After so many skipped steps in a row training goes back to the last checkpoint. */
    public static final int MOST_SKIPPED = 5;

    private final Gpt gpt;
    private final Recipe recipe;
    private final Material material;
    private final Processor processor;
    private final Gradients gradients;
    private final Moments moments;
    private final WeightAverage average;
    private final Tape tape;
    private final boolean adapters;
    private Progress progress = Progress.START;

    /**
     * Makes ready to train.
     *
     * @param parameters what is trained of the model: {@link Parameters#of}, or {@link
     *     Parameters#ofAdapters}, which have a dropout of their own
     * @param material what it is trained on, and in which order
     */
    public Trainer(
            Gpt gpt,
            List<Parameter> parameters,
            Recipe recipe,
            Material material,
            Processor processor) {
        this.gpt = gpt;
        this.recipe = recipe;
        this.material = material;
        this.processor = processor;
        adapters = !Parameters.ofAdapters(gpt).isEmpty();
        gradients = new Gradients(parameters);
        moments = new Moments(gradients);
        average = new WeightAverage(parameters, recipe.average());
        tape =
                new Tape(
                        processor,
                        gradients,
                        recipe.recompute() ? Tape.Blocks.RECOMPUTE : Tape.Blocks.KEEP,
                        Taps.NONE);
        tape.mostRows(material.mostRows());
    }

    /** What is trained. */
    public List<Parameter> parameters() {
        return gradients.parameters();
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
        gradients.clear(processor);
        double loss = 0;
        List<Lesson> lessons = material.step(progress.windows());
        long asked = lessons.stream().mapToLong(Lesson::asked).sum();
        long rows = lessons.stream().mapToLong(lesson -> lesson.batch().rows()).sum();
        for (int i = 0; i < lessons.size(); i++) {
            if (recipe.dropout() > 0) {
                // a step has no more batches than windows or examples
                dropout(progress.windows() + i);
            }
            loss += accumulate(lessons.get(i), 1f / asked);
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
        return advance(rows, loss, norm, rate, updates, skipped, start);
    }

    private void dropout(long batch) {
        long stream = Dropout.split(recipe.seed() ^ batch << 20, 0);
        if (adapters) {
            tape.adapterDropout(recipe.dropout(), stream);
        } else {
            tape.dropout(recipe.dropout(), stream);
        }
    }

    private @Nullable String refusal(double loss, double norm) {
        if (!Double.isFinite(loss)) {
            return "the loss is " + loss;
        }
        boolean warmingUp = progress.step() < recipe.schedule().warmUp();
        if (progress.guard().refuses(norm, warmingUp)) {
            return "the norm of the gradients, %.3g, is far outside of what it was".formatted(norm);
        }
        return null;
    }

    private StepReport advance(
            long tokens,
            double loss,
            double norm,
            double rate,
            int updates,
            @Nullable String skipped,
            long startNanos) {
        int used = recipe.batch() * recipe.accumulation();
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
    private double accumulate(Lesson lesson, float weight) {
        Tensor losses = gpt.loss(tape, lesson.batch(), lesson.targets(weight));
        double loss = sum(losses);
        if (Double.isFinite(loss)) {
            tape.backward(losses);
        }
        tape.clear();
        return loss;
    }

    private static double sum(Tensor losses) {
        double sum = 0;
        for (int r = 0; r < losses.rows(); r++) {
            sum += losses.at(r, 0);
        }
        return sum;
    }

    /**
     * The mean loss of the tokens that are asked for in some batches, in nats. It changes nothing:
     * no weight, no order, no random number.
     */
    public double validate(Iterable<Lesson> lessons) {
        double sum = 0;
        long asked = 0;
        for (Lesson lesson : lessons) {
            tape.mostRows(Math.max(material.mostRows(), lesson.batch().rows()));
            sum += sum(tape.watch(() -> gpt.loss(tape, lesson.batch(), lesson.targets(1))));
            asked += lesson.asked();
        }
        tape.mostRows(material.mostRows());
        return sum / asked;
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
