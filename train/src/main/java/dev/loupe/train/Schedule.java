package dev.loupe.train;

/**
 * The learning rate of each step. It rises in a line while warming up; then it falls to the lowest,
 * along half a cosine (Loshchilov and Hutter 2017, arXiv:1608.03983), or stays and falls in a line
 * over the last fifth (warm-up, stable, decay: Hu et al. 2024, arXiv:2404.06395), or stays.
 *
 * @param highest the rate after warming up
 * @param lowest the rate at the end
 * @param warmUp steps of warming up
 * @param steps how many steps there are in all
 */
public record Schedule(Kind kind, double highest, double lowest, long warmUp, long steps) {
    /** How it falls. */
    public enum Kind {
        COSINE,
        WSD,
        CONSTANT
    }

    /** The rate of a step, counted from 0. */
    public double at(long step) {
        if (step < warmUp) {
            return highest * (step + 1) / (warmUp + 1);
        }
        if (step >= steps) {
            return kind == Kind.CONSTANT ? highest : lowest;
        }
        return switch (kind) {
            case CONSTANT -> highest;
            case COSINE -> {
                double part = (double) (step - warmUp) / Math.max(1, steps - warmUp);
                yield lowest + (highest - lowest) * 0.5 * (1 + Math.cos(Math.PI * part));
            }
            case WSD -> {
                long falling = Math.max(1, steps / 5);
                double left = (double) (steps - step) / falling;
                yield lowest + (highest - lowest) * Math.min(1, left);
            }
        };
    }
}
