package dev.loupe.kernels;

import static dev.loupe.kernels.Weight.PANEL;

import org.jspecify.annotations.Nullable;

import java.util.List;

/** The product of activations and a weight: where nearly all time goes. */
public final class Product {
    /** How much of a weight is decoded at a time for prompt tokens: a part of most caches. */
    private static final int DECODED_BYTES = 1 << 19;

    /** From so many prompt tokens on a product is worth panels that all threads share. */
    private static final int LARGE = 96;

    private static final Room DECODED = new Room();

    private Product() {}

    /**
     * {@code y[t][r] = sum over k of x[t][k] * w[r][k], plus bias[r]}. The rows of generated tokens
     * read the weight as it is packed; for the rows of prompt tokens a panel is decoded once and
     * serves them all.
     *
     * @param x {@code [token, w.cols()]}
     * @param bias one number for each row of the weight, or null
     * @param y {@code [token, w.rows()]}, as many generated tokens as {@code x} has
     */
    public static void multiply(
            Processor processor, Tensor x, Weight w, float @Nullable [] bias, Tensor y) {
        if (x.cols() != w.cols() || y.cols() != w.rows() || x.rows() != y.rows()) {
            throw new IllegalArgumentException(
                    "[%d, %d] times [%d, %d] does not give [%d, %d]"
                            .formatted(x.rows(), x.cols(), w.rows(), w.cols(), y.rows(), y.cols()));
        }
        int generated = x.generated();
        if (generated > 0) {
            Tensor out = y.rows(0, generated);
            multiplyGenerated(processor, x.rows(0, generated), w, out);
            addBias(processor.kernels(), out, bias, 0);
        }
        if (generated < x.rows()) {
            int prompt = x.rows() - generated;
            int row = 0;
            for (Weight part : parts(w)) {
                Tensor out = y.rows(generated, prompt).columns(row, part.rows());
                Tensor in = x.rows(generated, prompt);
                if (prompt >= LARGE) {
                    LargeProducts.multiply(processor, in, part, bias, row, out);
                } else {
                    multiplyPrompt(processor, in, part, out);
                    addBias(processor.kernels(), out, bias, row);
                }
                row += part.rows();
            }
        }
    }

    static void addBias(Kernels kernels, Tensor y, float @Nullable [] bias, int from) {
        if (bias != null) {
            Elementwise.addRow(kernels, y, bias, from);
        }
    }

    private static List<Weight> parts(Weight w) {
        return w instanceof Weight.Stack stack ? stack.parts() : List.of(w);
    }

    /**
     * The parts of a stack share one task: some of them are work for a few microseconds. Panels go
     * two by two, since kernels take them so.
     */
    private static void multiplyGenerated(Processor processor, Tensor x, Weight w, Tensor y) {
        List<Weight> parts = parts(w);
        List<Activations[]> ready = Activations.ofTokens(parts, x);
        try {
            multiplyGenerated(processor, parts, ready, y);
        } finally {
            Activations.release(parts, ready);
        }
    }

    private static void multiplyGenerated(
            Processor processor, List<Weight> parts, List<Activations[]> ready, Tensor y) {
        int pairs = parts.stream().mapToInt(Product::pairs).sum();
        processor
                .threads()
                .each(
                        pairs,
                        Math.clamp(pairs / (2 * processor.threads().count()), 1, 32),
                        (worker, from, to) -> {
                            int pair = 0;
                            int row = 0;
                            for (int i = 0; i < parts.size(); i++) {
                                Weight part = parts.get(i);
                                multiplyPanels(
                                        processor.kernels(),
                                        part,
                                        2 * Math.max(from - pair, 0),
                                        Math.min(2 * (to - pair), part.panels()),
                                        ready.get(i),
                                        y.columns(row, part.rows()));
                                pair += pairs(part);
                                row += part.rows();
                            }
                        });
    }

    private static int pairs(Weight w) {
        return (w.panels() + 1) / 2;
    }

    private static void multiplyPanels(
            Kernels kernels, Weight w, int from, int to, Activations[] tokens, Tensor y) {
        if (tokens.length == 1 && from < to) {
            kernels.multiply(w, from, to, tokens[0], y.data(), y.row(0));
        } else if (from < to) {
            kernels.multiplyTogether(w, from, to, tokens, y);
        }
    }

    private static void multiplyPrompt(Processor processor, Tensor x, Weight w, Tensor y) {
        int each = decodedTogether(processor, w);
        int parts = (w.panels() + each - 1) / each;
        processor
                .threads()
                .each(
                        parts,
                        1,
                        (worker, from, to) -> {
                            float[] decoded = DECODED.of(each * PANEL * w.cols());
                            for (int part = from; part < to; part++) {
                                int first = part * each;
                                int last = Math.min(first + each, w.panels());
                                for (int p = first; p < last; p++) {
                                    int at = (p - first) * PANEL * w.cols();
                                    processor.kernels().decode(w, p, decoded, at);
                                }
                                int row = first * PANEL;
                                int rows = Math.min(each * PANEL, w.rows() - row);
                                Tensor out = y.columns(row, rows);
                                processor.kernels().multiply(decoded, 0, w.cols(), false, x, out);
                            }
                        });
    }

    /** An even number of panels: what fits, but some parts for every thread. */
    private static int decodedTogether(Processor processor, Weight w) {
        int fit = DECODED_BYTES / (4 * PANEL * w.cols());
        int share = w.panels() / processor.parts();
        return Math.max(2, Math.min(fit, share) / 2 * 2);
    }
}
