package dev.loupe.files;

import dev.loupe.kernels.Activation;
import dev.loupe.kernels.Blocks;
import dev.loupe.kernels.Normalization;
import dev.loupe.model.GptConfig;
import dev.loupe.model.Rope;
import dev.loupe.model.StoredTensor;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reads the configuration of a model from a GGUF file: the keys of its architecture, and from which
 * tensors are there whether it has biases and a head of its own.
 */
final class GgufConfig {
    /** A tensor that is part of the configuration. */
    static final String ROPE_FACTORS = "rope_freqs.weight";

    /** Half of the largest head; the right number is checked with the rotary dimensions. */
    private static final int MOST_FACTORS = 1 << 13;

    /** Every so many layers of Gemma one looks back without a window. */
    static final int GEMMA_PERIOD = 6;

    private final Gguf gguf;
    private final Metadata metadata;
    private final String architecture;

    private GgufConfig(Gguf gguf, String architecture) {
        this.gguf = gguf;
        this.metadata = gguf.metadata();
        this.architecture = architecture;
    }

    static Family family(Gguf gguf) {
        String architecture = gguf.metadata().string("general.architecture").orElse("nothing");
        return Family.ofArchitecture(architecture)
                .orElseThrow(() ->
                        new ModelFileException(
                                gguf.path(),
                                "general.architecture",
                                architecture,
                                "gpt2, gptneox, llama, qwen2, qwen3 or gemma3"));
    }

    static GptConfig read(Gguf gguf) {
        Family family = family(gguf);
        try {
            return new GgufConfig(gguf, family.architecture()).config(family);
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new ModelFileException(gguf.path(), String.valueOf(e.getMessage()));
        }
    }

    private GptConfig config(Family family) {
        if (integer("expert_count", 0) > 0) {
            throw wrong("expert_count", "no experts: Loupe has no mixtures of them");
        }
        for (String softcap : List.of("attn_logit_softcapping", "final_logit_softcapping")) {
            if (number(softcap, 0) != 0) {
                throw wrong(softcap, "nothing: Loupe does not know this feature");
            }
        }
        int nEmbd = integer("embedding_length");
        StoredTensor table = gguf.tensor("token_embd.weight");
        boolean layerNorm = family == Family.GPT2 || family == Family.GPT_NEOX;
        boolean gemma = family == Family.GEMMA3;
        String epsilon =
                layerNorm ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon";
        GptConfig.Norms norms =
                new GptConfig.Norms(
                        layerNorm ? Normalization.Kind.LAYER : Normalization.Kind.RMS,
                        (float) number(epsilon, layerNorm ? 1e-5 : 1e-6),
                        layerNorm,
                        gemma);
        float scale = gemma ? (float) Math.sqrt(nEmbd) : 1f;
        boolean tied = !gguf.names().contains("output.weight");
        return new GptConfig(
                architecture,
                integer("context_length"),
                table.rows(),
                nEmbd,
                new GptConfig.Embedding(scale, family == Family.GPT2, tied),
                norms,
                family == Family.GPT_NEOX && flag("use_parallel_residual", true),
                heads(family, nEmbd),
                mlp(family),
                layers(family, nEmbd));
    }

    private GptConfig.Heads heads(Family family, int nEmbd) {
        int nHead = nHead();
        int headDim = headDim(nEmbd, nHead);
        double scale = scale(family, nEmbd, nHead, headDim, integer("block_count"));
        return new GptConfig.Heads(
                nHead,
                integer("attention.head_count_kv", nHead),
                headDim,
                (float) number("attention.scale", scale),
                has("attn_q.bias") || has("attn_qkv.bias"),
                has("attn_output.bias"),
                has("attn_q_norm.weight"));
    }

    /** What products of query and key are multiplied by in a file that does not say. */
    static double scale(Family family, int nEmbd, int nHead, int headDim, int nLayer) {
        // Gemma's 27B model divides by width over heads
        return family == Family.GEMMA3 && nLayer == 62
                ? 1 / Math.sqrt((double) nEmbd / nHead)
                : 1 / Math.sqrt(headDim);
    }

    private int nHead() {
        return GptConfig.within(
                key("attention.head_count"), integer("attention.head_count"), 1, Integer.MAX_VALUE);
    }

    private int headDim(int nEmbd, int nHead) {
        if (metadata.raw(key("attention.key_length")).isPresent()) {
            return integer("attention.key_length");
        }
        if (nEmbd % nHead != 0) {
            throw wrong("embedding_length", "a multiple of the " + nHead + " heads");
        }
        return nEmbd / nHead;
    }

    private GptConfig.Mlps mlp(Family family) {
        boolean gated = family != Family.GPT2 && family != Family.GPT_NEOX;
        return new GptConfig.Mlps(
                integer("feed_forward_length"), activation(family), gated, has("ffn_up.bias"));
    }

    /** Files do not say it. */
    static Activation activation(Family family) {
        return switch (family) {
            case GPT2, GEMMA3 -> Activation.GELU_TANH;
            case GPT_NEOX -> Activation.GELU;
            case LLAMA, QWEN2, QWEN3 -> Activation.SILU;
        };
    }

    private List<GptConfig.Layer> layers(Family family, int nEmbd) {
        int nLayer =
                GptConfig.within(
                        key("block_count"), integer("block_count"), 1, GptConfig.MOST_LAYERS);
        int window = integer("attention.sliding_window", 0);
        int headDim = headDim(nEmbd, nHead());
        int dims = integer("rope.dimension_count", headDim);
        Rope global = new Rope(theta(family), dims, scaling());
        Rope local = new Rope(number("rope.freq_base_swa", 10_000), dims, new Rope.Plain());
        boolean[] sliding = sliding(family, nLayer);
        List<GptConfig.Layer> layers = new ArrayList<>();
        for (int i = 0; i < nLayer; i++) {
            layers.add(
                    switch (family) {
                        case GPT2 -> new GptConfig.Layer(0, null);
                        case GEMMA3 ->
                                sliding[i] && window > 0
                                        ? new GptConfig.Layer(window, local)
                                        : new GptConfig.Layer(0, global);
                        case LLAMA, QWEN2, QWEN3, GPT_NEOX ->
                                new GptConfig.Layer(sliding[i] ? window : 0, global);
                    });
        }
        return layers;
    }

    private double theta(Family family) {
        return number("rope.freq_base", family == Family.GEMMA3 ? 1_000_000 : 10_000);
    }

    /** Which layers look back through a window: as the file says, or as the family has it. */
    private boolean[] sliding(Family family, int nLayer) {
        String key = key("attention.sliding_window_pattern");
        boolean[] sliding = new boolean[nLayer];
        switch (metadata.raw(key).orElse(null)) {
            case null -> period(sliding, family == Family.GEMMA3 ? GEMMA_PERIOD : 0);
            case Long period ->
                    period(sliding, narrowed("attention.sliding_window_pattern", period));
            case boolean[] each when each.length == nLayer -> sliding = each.clone();
            default -> throw wrong("attention.sliding_window_pattern", "a flag for each layer");
        }
        return sliding;
    }

    /** Every so many layers one is full; 0: none is. */
    static void period(boolean[] sliding, int period) {
        for (int i = 0; i < sliding.length; i++) {
            sliding[i] = period <= 0 || (i + 1) % period != 0;
        }
    }

    private Rope.Scaling scaling() {
        if (gguf.names().contains(ROPE_FACTORS)) {
            StoredTensor factors = gguf.tensor(ROPE_FACTORS);
            if (factors.rows() != 1 || factors.cols() > MOST_FACTORS) {
                throw new ModelFileException(
                        gguf.path(),
                        "tensor " + ROPE_FACTORS,
                        factors.rows() + " x " + factors.cols(),
                        "a vector, one number for each two dimensions of a head");
            }
            float[] divisors = new float[factors.cols()];
            Blocks.decode(factors.type(), factors.row(0), 0, divisors.length, divisors, 0);
            return new Rope.Divided(divisors);
        }
        return switch (metadata.string(key("rope.scaling.type")).orElse("none")) {
            case "none" -> {
                double old = number("rope.scale_linear", 1);
                yield old == 1 ? new Rope.Plain() : new Rope.Linear(old);
            }
            case "linear" -> new Rope.Linear(number("rope.scaling.factor", 1));
            default -> throw wrong("rope.scaling.type", "none or linear");
        };
    }

    private boolean has(String inBlock) {
        return gguf.names().contains("blk.0." + inBlock);
    }

    private String key(String name) {
        return architecture + "." + name;
    }

    private int integer(String name) {
        return integerIn(name)
                .orElseThrow(() ->
                        new ModelFileException(gguf.path(), key(name), "nothing", "an integer"));
    }

    private int integer(String name, int otherwise) {
        return integerIn(name).orElse(otherwise);
    }

    private Optional<Integer> integerIn(String name) {
        Optional<Object> raw = metadata.raw(key(name));
        if (raw.isPresent() && raw.get() instanceof long[] each) {
            // some files have one number for each layer; they must agree
            for (long value : each) {
                if (value != each[0]) {
                    throw wrong(name, "the same number for each layer");
                }
            }
            return each.length == 0 ? Optional.empty() : Optional.of(narrowed(name, each[0]));
        }
        return metadata.integer(key(name)).map(value -> narrowed(name, value));
    }

    private int narrowed(String name, long value) {
        if (value < 0 || value > Integer.MAX_VALUE) {
            throw new ModelFileException(gguf.path(), key(name), value, "0 to 2^31 - 1");
        }
        return (int) value;
    }

    private double number(String name, double otherwise) {
        return metadata.number(key(name)).orElse(otherwise);
    }

    private boolean flag(String name, boolean otherwise) {
        return metadata.flag(key(name)).orElse(otherwise);
    }

    private ModelFileException wrong(String name, String expected) {
        Object raw = metadata.raw(key(name)).orElse("nothing");
        Object found = raw.getClass().isArray() || raw instanceof List ? "an array" : raw;
        return new ModelFileException(gguf.path(), key(name), found, expected);
    }
}
