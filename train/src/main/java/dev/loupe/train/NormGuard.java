package dev.loupe.train;

/**
 * Knows how large gradients have been, and tells when one is far outside: more than ten times their
 * usual size and six standard deviations away, on a logarithmic scale. Both are running means over
 * some fifty steps.
 *
 * <p>While the rate still rises some windows have gradients a hundred times the usual, and clipping
 * is enough: a step that is passed over would leave them so.
 *
 * @param steps how many norms it has seen
 * @param mean of the logarithms
 * @param variance of the logarithms
 */
record NormGuard(long steps, double mean, double variance) {
    /** Before this many steps nothing is usual yet. */
    private static final int LEAST = 20;

    private static final double KEEP = 0.98;

    NormGuard() {
        this(0, 0, 0);
    }

    /** Whether a norm is no number, or far outside once the rate rises no more. */
    boolean refuses(double norm, boolean warmingUp) {
        if (!Double.isFinite(norm)) {
            return true;
        }
        double above = Math.log(Math.max(norm, 1e-30)) - mean;
        return !warmingUp
                && steps >= LEAST
                && above > Math.log(10)
                && above > 6 * Math.sqrt(variance);
    }

    /** After a step whose norm was taken. */
    NormGuard with(double norm) {
        double log = Math.log(Math.max(norm, 1e-30));
        if (steps == 0) {
            return new NormGuard(1, log, 0);
        }
        double keep = Math.min(KEEP, (double) steps / (steps + 1));
        double off = log - mean;
        double newMean = mean + (1 - keep) * off;
        return new NormGuard(steps + 1, newMean, keep * (variance + (1 - keep) * off * off));
    }
}
