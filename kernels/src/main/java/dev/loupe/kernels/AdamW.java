package dev.loupe.kernels;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv:1711.05101), as PyTorch
 * computes it: {@code m = beta1 m + (1 - beta1) g}, {@code v = beta2 v + (1 - beta2) g^2}, {@code p
 * -= rate * decay * p}, {@code p -= rate * (m / (1 - beta1^step)) / (sqrt(v / (1 - beta2^step)) +
 * eps)}.
 *
 * @param rate the learning rate
 * @param decay how much of a parameter is lost a step, times the rate
 */
public record AdamW(float rate, float beta1, float beta2, float eps, float decay) {
    /** Numbers in a part of the work. */
    private static final int PART = 1 << 15;

    /**
     * One step, in one pass over the numbers.
     *
     * @param step 1 at first
     * @param scale what gradients are multiplied by: 1, or less to clip them
     * @param p the parameter
     * @param g its gradient
     * @param m the running mean of gradients, at first zeros
     * @param v the running mean of their squares, at first zeros
     */
    public void step(
            Processor processor,
            int step,
            float scale,
            float[] p,
            float[] g,
            float[] m,
            float[] v) {
        double first = 1 - Math.pow(beta1, step);
        double second = Math.sqrt(1 - Math.pow(beta2, step));
        float size = (float) (rate / first);
        float shrink = (float) (1 / second);
        float keep = 1 - rate * decay;
        processor
                .threads()
                .each(
                        p.length,
                        PART,
                        (worker, from, to) -> {
                            for (int i = from; i < to; i++) {
                                float d = scale * g[i];
                                float mean = beta1 * m[i] + (1 - beta1) * d;
                                float square = beta2 * v[i] + (1 - beta2) * d * d;
                                m[i] = mean;
                                v[i] = square;
                                float root = (float) Math.sqrt(square) * shrink + eps;
                                p[i] = keep * p[i] - size * mean / root;
                            }
                        });
    }
}
