package dev.loupe.model;

/**
 * Rotary positions: frequency {@code i} of {@code dims / 2} is {@code theta^(-2 i / dims)} radians
 * a position, then scaled for contexts longer than those of training.
 *
 * @param theta the base, 10,000 in the paper
 * @param dims how many numbers of a head are turned; even
 */
public record Rope(double theta, int dims, Scaling scaling) {
    public Rope {
        if (!(theta > 0) || Double.isInfinite(theta)) {
            throw new IllegalArgumentException(
                    "rope theta: found " + theta + ", expected a positive number");
        }
        if (dims < 0 || dims % 2 != 0) {
            throw new IllegalArgumentException(
                    "rope dimensions: found " + dims + ", expected an even number");
        }
    }

    /** How frequencies are changed for long contexts. */
    public sealed interface Scaling {}

    /** They are not. */
    public record Plain() implements Scaling {}

    /** All are divided by a factor (Chen et al. 2023, arXiv:2306.15595). */
    public record Linear(double factor) implements Scaling {
        public Linear {
            positive("rope factor", factor);
        }
    }

    /**
     * Llama 3's rule: slow frequencies are divided by the factor, fast ones stay, and those between
     * are blended. Fast means more than {@code highFreqFactor} turns in the original context, slow
     * fewer than {@code lowFreqFactor}.
     */
    public record Llama3(
            double factor, double lowFreqFactor, double highFreqFactor, double originalContext)
            implements Scaling {
        public Llama3 {
            positive("rope factor", factor);
            positive("rope low_freq_factor", lowFreqFactor);
            positive("rope original_max_position_embeddings", originalContext);
            if (!(highFreqFactor > lowFreqFactor)) {
                throw new IllegalArgumentException(
                        "rope high_freq_factor: found %s, expected more than the %s of low_freq_factor"
                                .formatted(highFreqFactor, lowFreqFactor));
            }
        }
    }

    /** Each is divided by a number of its own, which the file holds. */
    public record Divided(float[] divisors) implements Scaling {}

    private static void positive(String field, double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(
                    field + ": found " + value + ", expected a positive number");
        }
    }

    /** Radians a position, {@code dims / 2} of them. */
    public float[] frequencies() {
        float[] frequencies = unscaled();
        double[] divisors = divisors();
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = (float) (frequencies[i] / divisors[i]);
        }
        return frequencies;
    }

    /** What scaling divides each frequency by, {@code dims / 2} numbers. */
    public double[] divisors() {
        float[] frequencies = unscaled();
        double[] divisors = new double[frequencies.length];
        if (scaling instanceof Divided(float[] own) && own.length != divisors.length) {
            throw new IllegalArgumentException(
                    "rope factors: found %d, expected %d".formatted(own.length, divisors.length));
        }
        for (int i = 0; i < divisors.length; i++) {
            divisors[i] =
                    switch (scaling) {
                        case Plain plain -> 1;
                        case Linear linear -> linear.factor;
                        case Llama3 llama -> divisor(llama, frequencies[i]);
                        case Divided divided -> divided.divisors[i];
                    };
        }
        return divisors;
    }

    private float[] unscaled() {
        float[] frequencies = new float[dims / 2];
        for (int i = 0; i < frequencies.length; i++) {
            // through float, as PyTorch computes it
            float power = (float) Math.pow((float) theta, (float) (2.0 * i / dims));
            frequencies[i] = 1f / power;
        }
        return frequencies;
    }

    private static double divisor(Llama3 rule, double frequency) {
        double turns = rule.originalContext * frequency / (2 * Math.PI);
        if (turns > rule.highFreqFactor) {
            return 1;
        }
        if (turns < rule.lowFreqFactor) {
            return rule.factor;
        }
        double kept = (turns - rule.lowFreqFactor) / (rule.highFreqFactor - rule.lowFreqFactor);
        return 1 / ((1 - kept) / rule.factor + kept);
    }
}
