package dev.loupe.model;

import dev.loupe.kernels.Activation;
import dev.loupe.kernels.Normalization;
import dev.loupe.kernels.StoredRows;
import dev.loupe.kernels.TensorType;
import dev.loupe.kernels.Threads;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

/** A GPT of a few thousand random weights: 40 tokens, a context of 48, two blocks of four heads. */
public final class TinyGpt {
    public static final int VOCAB = 40;
    public static final int CONTEXT = 48;
    private static final int EMBD = 32;
    private static final int INNER = 48;
    private static final int KEYS = 16;

    private final Map<String, StoredRows> tensors = new TreeMap<>();
    private final Random random;

    private TinyGpt(long seed) {
        random = new Random(seed);
        put("token_embd.weight", VOCAB, EMBD, 1, 0);
        for (int layer = 0; layer < 2; layer++) {
            String name = "blk." + layer + ".";
            put(name + "attn_norm.weight", 1, EMBD, 0.2, 1);
            put(name + "attn_q.weight", EMBD, EMBD, 0.3, 0);
            put(name + "attn_k.weight", KEYS, EMBD, 0.3, 0);
            put(name + "attn_v.weight", KEYS, EMBD, 0.2, 0);
            put(name + "attn_output.weight", EMBD, EMBD, 0.2, 0);
            put(name + "ffn_norm.weight", 1, EMBD, 0.2, 1);
            put(name + "ffn_gate.weight", INNER, EMBD, 0.2, 0);
            put(name + "ffn_up.weight", INNER, EMBD, 0.2, 0);
            put(name + "ffn_down.weight", EMBD, INNER, 0.2, 0);
        }
        put("output_norm.weight", 1, EMBD, 0.2, 1);
        put("output.weight", VOCAB, EMBD, 0.4, 0);
    }

    private void put(String name, int rows, int cols, double spread, double mean) {
        float[] numbers = new float[rows * cols];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) (mean + spread * random.nextGaussian());
        }
        tensors.put(name, stored(name, rows, cols, numbers));
    }

    /** A matrix of floats as a file holds it. */
    static StoredTensor stored(String name, int rows, int cols, float... numbers) {
        MemorySegment data = MemorySegment.ofArray(new byte[4 * numbers.length]);
        ValueLayout.OfFloat layout =
                ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
        MemorySegment.copy(numbers, 0, data, layout, 0, numbers.length);
        return new StoredTensor(name, TensorType.F32, rows, cols, data);
    }

    /** Its configuration: that of a Llama. */
    public static GptConfig config() {
        GptConfig.Layer layer = new GptConfig.Layer(0, new Rope(10_000, 8, new Rope.Plain()));
        return new GptConfig(
                "llama",
                CONTEXT,
                VOCAB,
                EMBD,
                new GptConfig.Embedding(1, false, false),
                new GptConfig.Norms(Normalization.Kind.RMS, 1e-5f, false, false),
                false,
                new GptConfig.Heads(4, 2, 8, (float) (1 / Math.sqrt(8)), false, false, false),
                new GptConfig.Mlps(INNER, Activation.SILU, true, false),
                List.of(layer, layer));
    }

    /** Its tensors by name, to change before they are loaded. */
    static Map<String, StoredRows> tensors(long seed) {
        return new TreeMap<>(new TinyGpt(seed).tensors);
    }

    /** Tensors in memory. */
    static TensorSource source(Map<String, StoredRows> tensors) {
        return new TensorSource() {
            @Override
            public Set<String> names() {
                return Collections.unmodifiableSet(tensors.keySet());
            }

            @Override
            public Optional<StoredRows> find(String name) {
                return Optional.ofNullable(tensors.get(name));
            }
        };
    }

    /** One of them; another seed, other weights. */
    public static Gpt of(long seed, Threads threads) {
        return GptLoader.load(config(), source(tensors(seed)), threads);
    }
}
