package dev.loupe.train;

import java.util.List;

/**
 * Adapters in place of new weights (Hu et al. 2021, arXiv:2106.09685).
 *
 * @param rank rows of A, columns of B
 * @param alpha what they add is multiplied by alpha / rank
 * @param dropout how many numbers of their input are dropped out
 * @param targets which matrices get one: q, k, v, qkv, o, gate, up, down; empty: all
 */
public record LoraSettings(int rank, double alpha, float dropout, List<String> targets) {
    /** The names that targets may have. */
    public static final List<String> TARGETS =
            List.of("q", "k", "v", "qkv", "o", "gate", "up", "down");

    /**
     * Checks them.
     *
     * @throws DataException if something is out of its range
     */
    public LoraSettings {
        targets = List.copyOf(targets);
        if (rank < 1 || rank > 1024) {
            throw new DataException("lora: found r=" + rank + ", expected 1 to 1024");
        }
        if (!(alpha > 0 && alpha <= 1 << 16)) {
            throw new DataException("lora: found alpha=" + alpha + ", expected more than 0");
        }
        if (!(dropout >= 0 && dropout < 1)) {
            throw new DataException(
                    "lora: found dropout=" + dropout + ", expected 0 to less than 1");
        }
        for (String target : targets) {
            if (!TARGETS.contains(target)) {
                throw new DataException(
                        "lora: found target '%s', expected some of %s"
                                .formatted(target, String.join(", ", TARGETS)));
            }
        }
    }

    float scale() {
        return (float) (alpha / rank);
    }
}
