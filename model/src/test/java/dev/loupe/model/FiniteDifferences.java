package dev.loupe.model;

import dev.loupe.kernels.Activation;
import dev.loupe.kernels.Kernels;
import dev.loupe.kernels.Normalization;
import dev.loupe.kernels.Processor;
import dev.loupe.kernels.Rotation;
import dev.loupe.kernels.SelfAttention.Heads;
import dev.loupe.kernels.SelfAttention.Visible;
import dev.loupe.kernels.Targets;
import dev.loupe.kernels.Tensor;
import dev.loupe.kernels.Threads;
import dev.loupe.kernels.Weight;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Function;

/**
 * Compares the gradients of a {@link Tape} with differences of its losses along random directions.
 * Compiled with doubles by {@link DoubleSources}; in floats it would say nothing. Shapes are no
 * multiples of what kernels take at a time.
 */
final class FiniteDifferences {
    private static final int DIRECTIONS = 3;
    private static final double STEP = 1e-4;
    private static final int T = 29;
    private static final int IN = 37;
    private static final int OUT = 53;

    private final Random random = new Random(7);
    private final Processor processor = new Processor(Kernels.scalar(), new Threads(2));

    /** What the loss depends on. */
    private final List<Parameter> parameters = new ArrayList<>();

    private final List<Tensor> inputs = new ArrayList<>();

    private FiniteDifferences() {}

    /** The largest relative error of any input or parameter in the case of that name. */
    static double worst(String name) {
        FiniteDifferences check = new FiniteDifferences();
        try {
            if (name.startsWith("gpt ")) {
                return check.model(name.substring(4));
            }
            return check.worst(check.operation(name), Tape.Blocks.KEEP, Taps.NONE);
        } finally {
            check.processor.close();
        }
    }

    private Function<Tape, Tensor> operation(String name) {
        return switch (name) {
            case "matmul" -> {
                Tensor x = input(T, IN);
                Weight w = matrix(OUT, IN);
                float[] bias = vector(OUT, 0);
                yield tape -> weighed(tape, tape.matmul(x, w, bias));
            }
            case "matmul with a frozen stack" -> {
                Tensor x = input(T, IN);
                Weight w = new Weight.Stack(List.of(frozen(OUT, IN), frozen(16, IN)));
                yield tape -> weighed(tape, tape.linear(x, new Linear(w, null)));
            }
            case "one weight used twice" -> {
                Tensor x = input(T, IN);
                Weight w = matrix(IN, IN);
                yield tape -> weighed(tape, tape.matmul(tape.matmul(x, w, null), w, null));
            }
            case "adapters" -> {
                Tensor x = input(T, IN);
                Lora first = new Lora(matrix(3, IN), matrix(21, 3), 0.7f, 0);
                Lora second = new Lora(matrix(5, IN), matrix(19, 5), -1.3f, 21);
                Linear linear = new Linear(frozen(OUT, IN), null).with(List.of(first, second));
                yield tape -> weighed(tape, tape.linear(x, linear));
            }
            case "embed" -> {
                Weight table = matrix(OUT, IN);
                int[] ids = {3, 52, 3, 0, 17, 16, 3};
                yield tape -> weighed(tape, tape.embed(table, ids, 0));
            }
            case "layer norm" -> norm(Normalization.Kind.LAYER, IN, IN, true);
            case "rms norm" -> norm(Normalization.Kind.RMS, IN, IN, false);
            case "norm of heads" -> norm(Normalization.Kind.RMS, 3 * 17, 17, false);
            case "rope" -> rope(8, 16);
            case "rope of a part" -> rope(3, 17);
            case "attention" -> attention(3, 3, 16, 0, 29);
            case "attention of shared heads" -> attention(6, 2, 17, 0, 70, 1, 66);
            case "attention with a window" -> attention(4, 1, 8, 5, 131, 64, 3);
            case "scores, softmax and mix" -> parts();
            case "choose" -> {
                Tensor a = input(T, 6);
                Tensor b = input(T, 6);
                boolean[][] second = new boolean[T][3];
                Arrays.setAll(second, r -> new boolean[] {r % 2 == 0, r % 3 == 0, false});
                yield tape -> weighed(tape, tape.choose(second, a, b));
            }
            case "SILU" -> activation(Activation.SILU);
            case "GELU" -> activation(Activation.GELU);
            case "GELU_TANH" -> activation(Activation.GELU_TANH);
            case "multiply" -> {
                Tensor a = input(T, IN);
                Tensor b = input(T, IN);
                // one product: of two another sign would cancel
                yield tape -> tape.multiply(a, b);
            }
            case "neurons" -> neurons(false);
            case "gated neurons" -> neurons(true);
            case "residual" -> {
                Tensor a = input(T, IN);
                Weight w = matrix(IN, IN);
                // what a sum has replaced, and then is one of another
                yield tape -> {
                    Tensor sum = tape.residual(a, tape.matmul(a, w, null));
                    return weighed(tape, tape.residual(sum, tape.matmul(sum, w, null)));
                };
            }
            case "add" -> {
                Tensor a = input(T, IN);
                Tensor b = input(T, IN);
                // one of them twice
                yield tape -> weighed(tape, tape.add(tape.add(a, b), a));
            }
            case "addColumns" -> {
                Tensor a = input(T, IN);
                Tensor b = input(T, 11);
                yield tape -> weighed(tape, tape.addColumns(a, 13, b));
            }
            case "scale" -> {
                Tensor x = input(T, IN);
                yield tape -> weighed(tape, tape.scale(x, -1.7f));
            }
            case "rows" -> {
                Tensor x = input(T, IN);
                yield tape -> weighed(tape, tape.rows(x, new int[] {4, 0, 4, 28}));
            }
            case "columns" -> {
                Tensor x = input(T, IN);
                Weight w = matrix(OUT, IN);
                yield tape -> {
                    Tensor all = tape.matmul(x, w, null);
                    Tensor product = tape.multiply(all.columns(3, 20), all.columns(15, 20));
                    return weighed(tape, product);
                };
            }
            case "dropout" -> {
                Tensor x = input(T, IN);
                yield tape -> {
                    tape.dropout(0.3f, 5);
                    return weighed(tape, tape.dropout(x, Site.MLP_OUT, 2));
                };
            }
            case "crossEntropy" -> {
                Tensor x = input(110, IN);
                Linear head = new Linear(matrix(OUT, IN), vector(OUT, 0));
                Targets targets = targets(110);
                yield tape -> tape.crossEntropy(x, head, targets);
            }
            default -> throw new IllegalArgumentException(name);
        };
    }

    /** Twice, so that the second ones are where the first ones were. */
    private Function<Tape, Tensor> neurons(boolean gated) {
        Tensor x = input(T, IN);
        Weight up = matrix(2 * OUT, IN);
        Weight down = matrix(IN, OUT);
        return tape -> {
            Tensor y = x;
            for (int i = 0; i < 2; i++) {
                Tensor all = tape.matmul(y, up, null);
                Tensor other = gated ? all.columns(OUT, OUT) : null;
                Tensor h = tape.neurons(all.columns(0, OUT), Activation.SILU, other);
                y = tape.matmul(h, down, null);
            }
            return weighed(tape, y);
        };
    }

    private Function<Tape, Tensor> norm(Normalization.Kind kind, int cols, int n, boolean bias) {
        Tensor x = input(T + 40, cols);
        Norm norm = new Norm(kind, vector(n, 1), bias ? vector(n, 0) : null, 1e-5f);
        return tape -> weighed(tape, tape.norm(x, norm));
    }

    private Function<Tape, Tensor> rope(int frequencies, int headDim) {
        Tensor x = input(T, 3 * headDim);
        Rotation rotation = new Rotation(numbers(frequencies, 0.4, 0), headDim);
        int[] positions = new int[T];
        Arrays.setAll(positions, t -> t % 11);
        return tape -> weighed(tape, tape.rope(x, rotation, positions));
    }

    private Function<Tape, Tensor> activation(Activation f) {
        Tensor x = input(T, IN);
        return tape -> weighed(tape, tape.activation(tape.scale(x, 2.5f), f));
    }

    private static Batch batch(int... lengths) {
        return new Batch(
                Arrays.stream(lengths)
                        .mapToObj(n -> new Batch.Part(KvCache.none(), false, new int[n]))
                        .toList());
    }

    private Function<Tape, Tensor> attention(
            int nHead, int nKvHead, int headDim, int window, int... lengths) {
        int rows = Arrays.stream(lengths).sum();
        Tensor q = input(rows, nHead * headDim);
        Tensor k = input(rows, nKvHead * headDim);
        Tensor v = input(rows, nKvHead * headDim);
        Heads heads = new Heads(nHead, headDim, 0.6f);
        return tape -> {
            Visible visible = tape.remember(batch(lengths), 0, k, v, heads, window);
            return weighed(tape, tape.attention(q, visible, heads));
        };
    }

    private Function<Tape, Tensor> parts() {
        Tensor q = input(17, 4 * 7);
        Tensor k = input(17, 2 * 7);
        Tensor v = input(17, 2 * 7);
        Heads heads = new Heads(4, 7, 0.6f);
        return tape -> {
            Visible visible = tape.remember(batch(11, 6), 0, k, v, heads, 5);
            Tensor pattern = tape.softmax(tape.scores(q, visible, heads, 11), 11);
            return weighed(tape, tape.mix(pattern, visible, heads));
        };
    }

    /** Whole models: together they have all that families have. */
    private double model(String name) {
        GptConfig config = config(name);
        Gpt gpt = gpt(config);
        parameters.addAll(Parameters.of(gpt));
        int[] lengths = {13, 1, 9};
        int[] ids = random.ints(23, 0, config.vocabSize()).toArray();
        List<Batch.Part> sequences = new ArrayList<>();
        int from = 0;
        for (int n : lengths) {
            int[] own = Arrays.copyOfRange(ids, from, from + n);
            sequences.add(new Batch.Part(KvCache.none(), false, own));
            from += n;
        }
        Targets targets = targets(23);
        boolean recompute = name.endsWith("recomputed");
        return worst(
                tape -> {
                    if (recompute) {
                        tape.dropout(0.2f, 3);
                    }
                    return gpt.loss(tape, new Batch(sequences), targets);
                },
                recompute ? Tape.Blocks.RECOMPUTE : Tape.Blocks.KEEP,
                name.endsWith("watched") ? EVERYWHERE : Taps.NONE);
    }

    /** Looks everywhere; what it gives back is another tensor, of other numbers. */
    private static final Taps EVERYWHERE =
            new Taps() {
                @Override
                public boolean wants(Site site, int layer) {
                    return site != Site.SCORES || layer == 1;
                }

                @Override
                public Tensor at(Site site, int layer, Tensor x, Ops ops) {
                    return site == Site.SCORES ? x : ops.scale(x, 0.9f);
                }
            };

    private static GptConfig config(String name) {
        Rope rope = new Rope(100, 6, new Rope.Plain());
        GptConfig.Layer plain = new GptConfig.Layer(0, null);
        GptConfig.Layer turned = new GptConfig.Layer(0, rope);
        GptConfig.Layer narrow = new GptConfig.Layer(4, rope);
        return switch (name) {
            case "gpt2", "gpt2 recomputed", "gpt2 watched" ->
                    config(2, 2, true, false, false, false, Activation.GELU_TANH, plain, plain);
            case "neox" -> config(2, 2, true, true, false, false, Activation.GELU, turned, turned);
            case "llama" -> config(4, 2, false, false, true, false, Activation.SILU, turned);
            case "gemma", "gemma recomputed" ->
                    config(3, 1, false, false, true, true, Activation.GELU_TANH, narrow, turned);
            default -> throw new IllegalArgumentException(name);
        };
    }

    private static GptConfig config(
            int nHead,
            int nKvHead,
            boolean layer,
            boolean parallel,
            boolean gated,
            boolean gemma,
            Activation activation,
            GptConfig.Layer... layers) {
        boolean learned = layers[0].rope() == null;
        return new GptConfig(
                "tiny",
                16,
                31,
                14,
                new GptConfig.Embedding(gemma ? 3.5f : 1, learned, learned || gemma),
                new GptConfig.Norms(
                        layer ? Normalization.Kind.LAYER : Normalization.Kind.RMS,
                        1e-5f,
                        layer,
                        gemma),
                parallel,
                new GptConfig.Heads(nHead, nKvHead, 8, 0.5f, layer, layer, gemma),
                new GptConfig.Mlps(19, activation, gated, layer),
                List.of(layers));
    }

    private Gpt gpt(GptConfig config) {
        Weight wte = frozen(config.vocabSize(), config.nEmbd());
        boolean learned = config.embedding().learnedPositions();
        Weight wpe = learned ? frozen(config.nCtx(), config.nEmbd()) : null;
        List<Block> blocks = new ArrayList<>();
        for (int layer = 0; layer < config.nLayer(); layer++) {
            blocks.add(block(config, layer));
        }
        Weight head = config.embedding().tied() ? wte : frozen(config.vocabSize(), config.nEmbd());
        Linear unembedding = new Linear(head, null);
        return new Gpt(config, wte, wpe, blocks, norm(config, config.nEmbd()), unembedding);
    }

    private Block block(GptConfig config, int layer) {
        int n = config.nEmbd();
        GptConfig.Heads heads = config.attention();
        Rope rope = config.layers().get(layer).rope();
        boolean after = config.norm().after();
        int inner = config.mlp().nInner();
        boolean bias = config.mlp().bias();
        return new Block(
                layer,
                config.parallel(),
                norm(config, n),
                new Block.Attention(
                        linear(heads.queries() + 2 * heads.keys(), n, heads.bias()),
                        linear(n, heads.queries(), heads.outBias()),
                        heads.qkNorm() ? norm(config, heads.headDim()) : null,
                        heads.qkNorm() ? norm(config, heads.headDim()) : null,
                        rope == null ? null : new Rotation(rope.frequencies(), heads.headDim()),
                        new Heads(heads.nHead(), heads.headDim(), heads.scale()),
                        heads.keys(),
                        config.layers().get(layer).window()),
                after ? norm(config, n) : null,
                norm(config, n),
                new Block.Mlp(
                        linear(config.mlp().gated() ? 2 * inner : inner, n, bias),
                        linear(n, inner, bias),
                        config.mlp().gated(),
                        config.mlp().activation()),
                after ? norm(config, n) : null);
    }

    private Linear linear(int rows, int cols, boolean bias) {
        return new Linear(frozen(rows, cols), bias ? numbers(rows, 0.3, 0) : null);
    }

    private Norm norm(GptConfig config, int n) {
        float[] bias = config.norm().bias() ? numbers(n, 0.3, 0) : null;
        return new Norm(config.norm().kind(), numbers(n, 0.3, 1), bias, config.norm().eps());
    }

    /** Some rows ask for nothing, and others count more than one. */
    private Targets targets(int n) {
        int[] ids = new int[n];
        Arrays.setAll(ids, t -> t % 7 == 2 ? Targets.IGNORE : random.nextInt(31));
        return new Targets(ids, numbers(n, 0.5, 1));
    }

    /** What {@link Tape#backward} starts from: another weight for each number. */
    private Tensor weighed(Tape tape, Tensor y) {
        Tensor weights = Tensor.of(y.rows(), y.cols());
        Random fixed = new Random(11);
        for (int i = 0; i < weights.data().length; i++) {
            weights.data()[i] = (float) fixed.nextGaussian();
        }
        return tape.multiply(y, weights);
    }

    private float[] numbers(int n, double spread, double mean) {
        float[] numbers = new float[n];
        for (int i = 0; i < n; i++) {
            numbers[i] = (float) (mean + spread * random.nextGaussian());
        }
        return numbers;
    }

    /** A window onto an array that is wider and longer. */
    private Tensor input(int rows, int cols) {
        int stride = cols + 3;
        Tensor x = new Tensor(numbers(rows * stride + 5, 1, 0), 4, rows, cols, stride, 0);
        inputs.add(x);
        return x;
    }

    private Weight.Floats frozen(int rows, int cols) {
        float[][] panels = new float[(rows + Weight.PANEL - 1) / Weight.PANEL][];
        for (int p = 0; p < panels.length; p++) {
            panels[p] = new float[Weight.PANEL * cols];
        }
        for (int r = 0; r < rows; r++) {
            for (int k = 0; k < cols; k++) {
                panels[r / Weight.PANEL][k * Weight.PANEL + r % Weight.PANEL] =
                        (float) (random.nextGaussian() / Math.sqrt(cols));
            }
        }
        return new Weight.Floats(rows, cols, panels);
    }

    private Weight.Floats matrix(int rows, int cols) {
        Weight.Floats weight = frozen(rows, cols);
        parameters.add(Parameter.matrix("matrix", weight));
        return weight;
    }

    private float[] vector(int n, double mean) {
        float[] numbers = numbers(n, 0.3, mean);
        parameters.add(Parameter.vector("vector", numbers));
        return numbers;
    }

    private double worst(Function<Tape, Tensor> loss, Tape.Blocks blocks, Taps taps) {
        Gradients gradients = new Gradients(parameters);
        Tape tape = new Tape(processor, gradients, blocks, taps);
        double worst = 0;
        // the second time the tape uses its memory again
        for (int step = 0; step < 2; step++) {
            gradients.clear(processor);
            tape.backward(loss.apply(tape));
            for (Tensor x : inputs) {
                worst = Math.max(worst, error(loss, window(x), window(tape.gradient(x))));
            }
            for (Parameter p : parameters) {
                worst = Math.max(worst, error(loss, whole(p), of(p, gradients.of(p))));
            }
        }
        return worst;
    }

    /** Numbers wherever they lie. */
    private interface Numbers {
        int size();

        float get(int i);

        void add(int i, double much);
    }

    private record Window(Tensor x) implements Numbers {
        @Override
        public int size() {
            return x.rows() * x.cols();
        }

        private int at(int i) {
            return x.row(i / x.cols()) + i % x.cols();
        }

        @Override
        public float get(int i) {
            return x.data()[at(i)];
        }

        @Override
        public void add(int i, double much) {
            x.data()[at(i)] += (float) much;
        }
    }

    private record Whole(Parameter p, float[][] data) implements Numbers {
        @Override
        public int size() {
            return p.rows() * p.cols();
        }

        private int at(int i) {
            int row = i / p.cols();
            return p.isVector() ? i : i % p.cols() * Weight.PANEL + row % Weight.PANEL;
        }

        private float[] piece(int i) {
            return data[p.isVector() ? 0 : i / p.cols() / Weight.PANEL];
        }

        @Override
        public float get(int i) {
            return piece(i)[at(i)];
        }

        @Override
        public void add(int i, double much) {
            piece(i)[at(i)] += (float) much;
        }
    }

    private static Numbers window(Tensor x) {
        return new Window(x);
    }

    private static Numbers whole(Parameter p) {
        return of(p, p.data());
    }

    private static Numbers of(Parameter p, float[][] data) {
        return new Whole(p, data);
    }

    /** Of the slope along some directions of +-1, relative to it and to the gradient's length. */
    private double error(Function<Tape, Tensor> loss, Numbers x, Numbers gradient) {
        double worst = 0;
        for (int n = 0; n < DIRECTIONS; n++) {
            boolean[] minus = new boolean[x.size()];
            double expected = 0;
            double squares = 0;
            for (int i = 0; i < minus.length; i++) {
                minus[i] = random.nextBoolean();
                expected += minus[i] ? -gradient.get(i) : gradient.get(i);
                squares += gradient.get(i) * gradient.get(i);
            }
            // of fourth order: the error of the second order's is larger than that of rounding
            double near = difference(loss, x, minus, STEP);
            double far = difference(loss, x, minus, 2 * STEP);
            double found = (8 * near - far) / (12 * STEP);
            // a key's bias moves nothing: its slope is rounding
            double size = Math.max(Math.abs(found), 0.1 * Math.sqrt(squares));
            double error = Math.abs(found - expected) / Math.max(size, 1e-4);
            worst = Math.max(worst, Double.isNaN(error) ? Double.MAX_VALUE : error);
        }
        return worst;
    }

    private double difference(
            Function<Tape, Tensor> loss, Numbers x, boolean[] minus, double step) {
        move(x, minus, step);
        double above = value(loss);
        move(x, minus, -2 * step);
        double below = value(loss);
        move(x, minus, step);
        return above - below;
    }

    private static void move(Numbers x, boolean[] minus, double step) {
        for (int i = 0; i < minus.length; i++) {
            x.add(i, minus[i] ? -step : step);
        }
    }

    private double value(Function<Tape, Tensor> loss) {
        return sum(loss.apply(new Tape(processor, new Gradients(List.of()))));
    }

    private static double sum(@Nullable Tensor y) {
        double sum = 0;
        for (int r = 0; y != null && r < y.rows(); r++) {
            for (int c = 0; c < y.cols(); c++) {
                sum += y.at(r, c);
            }
        }
        return sum;
    }
}
