package dev.loupe.inside;

/** The softmax of logits, in double precision. */
final class Probabilities {
    private final float[] logits;
    private final double largest;
    private final double sum;
    private final double entropy;

    private Probabilities(float[] logits, double largest, double sum, double entropy) {
        this.logits = logits;
        this.largest = largest;
        this.sum = sum;
        this.entropy = entropy;
    }

    /**
     * Those of a row of logits, which is not to change afterwards.
     *
     * @throws HookException if one is NaN or infinite
     */
    static Probabilities of(float[] logits) {
        double largest = Double.NEGATIVE_INFINITY;
        for (int id = 0; id < logits.length; id++) {
            if (!Float.isFinite(logits[id])) {
                throw new HookException(
                        "logit of token %d: found %s, expected a finite number; what passes through the model has grown too large"
                                .formatted(id, logits[id]));
            }
            largest = Math.max(largest, logits[id]);
        }
        // with w = exp(z), z = logit - largest: entropy = log(sum of w) - (sum of w z) / (sum of w)
        double sum = 0;
        double weighted = 0;
        for (float logit : logits) {
            double z = logit - largest;
            double w = Math.exp(z);
            sum += w;
            weighted += w * z;
        }
        double nats = Math.log(sum) - weighted / sum;
        return new Probabilities(logits, largest, sum, Math.max(0, nats / Math.log(2)));
    }

    double of(int id) {
        return Math.exp(logits[id] - largest) / sum;
    }

    /** In bits. */
    double entropy() {
        return entropy;
    }

    /** The Kullback-Leibler divergence {@code KL(this || other)}, in nats. */
    double divergence(Probabilities other) {
        // nothing at all between equal rows
        double shift = (other.largest - largest) + (Math.log(other.sum) - Math.log(sum));
        double nats = 0;
        for (int i = 0; i < logits.length; i++) {
            double p = of(i);
            nats += p > 0 ? p * ((double) logits[i] - other.logits[i] + shift) : 0;
        }
        return Math.max(0, nats);
    }
}
