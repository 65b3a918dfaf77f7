package dev.loupe.inside;

/** The softmax of logits, in double precision. */
final class Probabilities {
    private final double[] logarithms;

    private Probabilities(double[] logarithms) {
        this.logarithms = logarithms;
    }

    /**
     * Those of a row of logits.
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
        }
        for (float logit : logits) {
            largest = Math.max(largest, logit);
        }
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - largest);
        }
        double[] logarithms = new double[logits.length];
        for (int i = 0; i < logarithms.length; i++) {
            logarithms[i] = logits[i] - largest - Math.log(sum);
        }
        return new Probabilities(logarithms);
    }

    double of(int id) {
        return Math.exp(logarithms[id]);
    }

    /** In bits. */
    double entropy() {
        double nats = 0;
        for (double logarithm : logarithms) {
            double p = Math.exp(logarithm);
            nats -= p > 0 ? p * logarithm : 0;
        }
        return Math.max(0, nats / Math.log(2));
    }

    /** The Kullback-Leibler divergence {@code KL(this || other)}, in nats. */
    double divergence(Probabilities other) {
        double sum = 0;
        for (int i = 0; i < logarithms.length; i++) {
            double p = Math.exp(logarithms[i]);
            sum += p > 0 ? p * (logarithms[i] - other.logarithms[i]) : 0;
        }
        return Math.max(0, sum);
    }
}
