package dev.loupe.model;

import dev.loupe.kernels.Activation;
import dev.loupe.kernels.Blocks;
import dev.loupe.kernels.Normalization;
import dev.loupe.kernels.StoredRows;
import dev.loupe.kernels.TensorType;
import dev.loupe.kernels.Threads;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** Small GPTs of random weights: in every shape that a family has, of every type of a file. */
final class RandomGpt {
    static final int VOCAB = 41;
    private static final int CONTEXT = 256;

    /** What families do differently; together they have each thing that one of them has. */
    enum Shape {
        /** Each head its own keys; learned positions, biases everywhere, tied. */
        GPT2,
        /** Attention beside the MLP, a part of each head turned. */
        NEOX,
        /** Two heads share keys. */
        LLAMA,
        /** Biases of queries, keys and values, which are normalised too. */
        QWEN,
        /** One head of keys; layers that see 5, all and 70 positions; norms behind. */
        GEMMA,
        /** Nothing is a multiple of anything. */
        ODD,
        /** Fit for blocks of 32. */
        SMALL,
        /** Wide enough for blocks of 256. */
        WIDE
    }

    private final GptConfig config;
    private final TensorType type;
    private final Random random;
    private final Map<String, StoredRows> tensors = new TreeMap<>();

    private RandomGpt(Shape shape, TensorType type) {
        config = config(shape);
        this.type = type;
        random = new Random(31L * shape.name().hashCode() + type.id());
    }

    /** The one of this shape whose matrices have this type. */
    static Gpt of(Shape shape, TensorType type, Threads threads) {
        RandomGpt gpt = new RandomGpt(shape, type);
        gpt.fill();
        return GptLoader.load(gpt.config, TinyGpt.source(gpt.tensors), threads);
    }

    private static GptConfig config(Shape shape) {
        Rope rope = new Rope(10_000, 8, new Rope.Plain());
        Rope stretched = new Rope(500, 8, new Rope.Llama3(8, 1, 4, 64));
        return switch (shape) {
            case GPT2 -> plain(shape, 32, false, heads(4, 4, 8, true, false), layer(0, null));
            case NEOX -> plain(shape, 36, true, heads(3, 3, 12, true, false), layer(0, rope));
            case LLAMA -> gated(shape, 32, 48, heads(4, 2, 8, false, false), layer(0, stretched));
            case QWEN -> gated(shape, 48, 64, heads(6, 2, 16, true, true), layer(0, rope));
            case GEMMA -> {
                Rope local = new Rope(100, 24, new Rope.Linear(2));
                GptConfig.Layer[] layers = {layer(5, local), layer(0, rope), layer(70, local)};
                yield gated(shape, 40, 56, heads(4, 1, 24, false, true), layers);
            }
            case ODD -> gated(shape, 37, 53, heads(3, 1, 17, true, false), layer(3, rope));
            case SMALL -> gated(shape, 32, 32, heads(2, 1, 16, false, false), layer(0, rope));
            case WIDE -> gated(shape, 256, 256, heads(4, 2, 64, false, false), layer(0, rope));
        };
    }

    private static GptConfig.Layer layer(int window, @Nullable Rope rope) {
        return new GptConfig.Layer(window, rope);
    }

    private static GptConfig.Heads heads(int n, int keys, int dim, boolean bias, boolean norm) {
        return new GptConfig.Heads(n, keys, dim, (float) (1 / Math.sqrt(dim)), bias, bias, norm);
    }

    private static GptConfig plain(
            Shape shape, int nEmbd, boolean parallel, GptConfig.Heads heads, GptConfig.Layer one) {
        boolean gpt2 = shape == Shape.GPT2;
        return new GptConfig(
                shape.name(),
                CONTEXT,
                VOCAB,
                nEmbd,
                new GptConfig.Embedding(1, gpt2, gpt2),
                new GptConfig.Norms(Normalization.Kind.LAYER, 1e-5f, true, false),
                parallel,
                heads,
                new GptConfig.Mlps(
                        4 * nEmbd, gpt2 ? Activation.GELU_TANH : Activation.GELU, false, true),
                List.of(one, one));
    }

    private static GptConfig gated(
            Shape shape, int nEmbd, int nInner, GptConfig.Heads heads, GptConfig.Layer... layers) {
        boolean gemma = shape == Shape.GEMMA;
        return new GptConfig(
                shape.name(),
                CONTEXT,
                VOCAB,
                nEmbd,
                new GptConfig.Embedding(gemma ? 6.5f : 1, false, gemma),
                new GptConfig.Norms(Normalization.Kind.RMS, 1e-6f, false, gemma),
                false,
                heads,
                new GptConfig.Mlps(
                        nInner, gemma ? Activation.GELU_TANH : Activation.SILU, true, false),
                List.of(layers));
    }

    private void fill() {
        int nEmbd = config.nEmbd();
        matrix("token_embd", VOCAB, nEmbd, false);
        if (config.embedding().learnedPositions()) {
            matrix("position_embd", CONTEXT, nEmbd, false);
        }
        for (int layer = 0; layer < config.nLayer(); layer++) {
            block("blk." + layer + ".");
        }
        norm("output_norm", nEmbd);
        if (!config.embedding().tied()) {
            matrix("output", VOCAB, nEmbd, false);
        }
    }

    private void block(String name) {
        int nEmbd = config.nEmbd();
        GptConfig.Heads heads = config.attention();
        norm(name + "attn_norm", nEmbd);
        matrix(name + "attn_q", heads.queries(), nEmbd, heads.bias());
        matrix(name + "attn_k", heads.keys(), nEmbd, heads.bias());
        matrix(name + "attn_v", heads.keys(), nEmbd, heads.bias());
        matrix(name + "attn_output", nEmbd, heads.queries(), heads.outBias());
        if (heads.qkNorm()) {
            vector(name + "attn_q_norm.weight", heads.headDim(), 1);
            vector(name + "attn_k_norm.weight", heads.headDim(), 1);
        }
        norm(name + "ffn_norm", nEmbd);
        if (config.norm().after()) {
            norm(name + "post_attention_norm", nEmbd);
            norm(name + "post_ffw_norm", nEmbd);
        }
        GptConfig.Mlps mlp = config.mlp();
        if (mlp.gated()) {
            matrix(name + "ffn_gate", mlp.nInner(), nEmbd, mlp.bias());
        }
        matrix(name + "ffn_up", mlp.nInner(), nEmbd, mlp.bias());
        matrix(name + "ffn_down", nEmbd, mlp.nInner(), mlp.bias());
    }

    private void norm(String name, int size) {
        vector(name + ".weight", size, 1);
        if (config.norm().bias()) {
            vector(name + ".bias", size, 0);
        }
    }

    private void vector(String name, int size, double mean) {
        float[] numbers = new float[size];
        for (int i = 0; i < size; i++) {
            numbers[i] = (float) (mean + 0.2 * random.nextGaussian());
        }
        tensors.put(name, TinyGpt.stored(name, 1, size, numbers));
    }

    private void matrix(String name, int rows, int cols, boolean bias) {
        tensors.put(name + ".weight", matrix(name + ".weight", type, rows, cols, random));
        if (bias) {
            vector(name + ".bias", rows, 0);
        }
    }

    /**
     * Numbers of a model's size, of any type: floats are drawn, and blocks of codes are random
     * bytes, so that types that are never written can be had too.
     */
    static StoredTensor matrix(String name, TensorType type, int rows, int cols, Random random) {
        byte[] bytes = new byte[Math.toIntExact(rows * type.bytes(cols))];
        byte[] block = new byte[type.blockBytes()];
        float[] numbers = new float[type.blockSize()];
        for (int at = 0; at < bytes.length; at += block.length) {
            MemorySegment segment = MemorySegment.ofArray(block);
            if (type.quantised()) {
                do {
                    random.nextBytes(block);
                    Blocks.decode(type, segment, 0, numbers.length, numbers, 0);
                } while (!likeWeights(numbers));
            } else {
                numbers[0] = (float) (0.2 * random.nextGaussian());
                Blocks.encode(type, numbers, 0, 1, segment, 0);
            }
            System.arraycopy(block, 0, bytes, at, block.length);
        }
        return new StoredTensor(name, type, rows, cols, MemorySegment.ofArray(bytes));
    }

    private static boolean likeWeights(float[] numbers) {
        float largest = 0;
        for (float number : numbers) {
            // keeps NaN, which no comparison lets through
            largest = Math.max(largest, Math.abs(number));
        }
        return largest > 0.05f && largest < 0.6f;
    }
}
