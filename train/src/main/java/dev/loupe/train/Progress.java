package dev.loupe.train;

/**
 * Where training stands, beside the numbers of the model and the optimiser.
 *
 * @param step steps of the optimiser that were taken or skipped
 * @param updates those that were taken
 * @param windows windows of text that were used
 * @param tokens tokens that were trained on
 * @param seconds how long all of it took
 * @param slowdown what rates are multiplied by: halved each time training had to go back
 * @param skippedInARow steps skipped since the last one that was taken
 * @param guard how large gradients have been
 */
record Progress(
        long step,
        int updates,
        long windows,
        long tokens,
        double seconds,
        double slowdown,
        int skippedInARow,
        NormGuard guard) {
    static final Progress START = new Progress(0, 0, 0, 0, 0, 1, 0, new NormGuard());
}
