package dev.loupe.train;

/**
 * How a model is trained.
 *
 * @param schedule the learning rate
 * @param batch windows of text at a time
 * @param accumulation how many batches make a step: their gradients are those of one large batch
 * @param beta1 how long the optimiser remembers gradients
 * @param beta2 how long it remembers their squares
 * @param decay weight decay, of matrices only
 * @param clip the largest norm of all gradients together; larger ones are scaled down to it
 * @param dropout how many numbers are dropped out
 * @param seed of weights, order and dropout
 * @param recompute whether blocks are computed twice to save memory
 * @param average how much of the running average of weights stays at each step; 0 for none
 */
public record Recipe(
        Schedule schedule,
        int batch,
        int accumulation,
        float beta1,
        float beta2,
        float decay,
        float clip,
        float dropout,
        long seed,
        boolean recompute,
        double average) {
    public Recipe {
        require(batch >= 1, "batch", batch, "1 or more");
        require(accumulation >= 1, "accumulation", accumulation, "1 or more");
        require(schedule.steps() >= 1, "steps", schedule.steps(), "1 or more");
        require(
                schedule.highest() > 0 && schedule.highest() < 1,
                "lr",
                schedule.highest(),
                "0 to 1");
        require(beta1 >= 0 && beta1 < 1, "beta1", beta1, "0 to less than 1");
        require(beta2 >= 0 && beta2 < 1, "beta2", beta2, "0 to less than 1");
        require(decay >= 0 && decay <= 1, "weight-decay", decay, "0 to 1");
        require(clip > 0, "clip", clip, "more than 0");
        require(dropout >= 0 && dropout < 1, "dropout", dropout, "0 to less than 1");
        require(average >= 0 && average < 1, "average", average, "0 to less than 1");
    }

    /** The same, with blocks computed twice. */
    Recipe withRecompute() {
        return new Recipe(
                schedule,
                batch,
                accumulation,
                beta1,
                beta2,
                decay,
                clip,
                dropout,
                seed,
                true,
                average);
    }

    /** The same at other rates. */
    Recipe with(Schedule other) {
        return new Recipe(
                other,
                batch,
                accumulation,
                beta1,
                beta2,
                decay,
                clip,
                dropout,
                seed,
                recompute,
                average);
    }

    private static void require(boolean so, String name, Object found, String expected) {
        if (!so) {
            throw new DataException(name + ": found " + found + ", expected " + expected);
        }
    }
}
