package dev.loupe.files;

import dev.loupe.kernels.TensorType;
import dev.loupe.model.GptConfig;
import dev.loupe.model.Rope;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;
import java.util.List;

/**
 * Writes the configuration of a model as the keys of a GGUF file that llama.cpp and {@link
 * GgufConfig} read. A choice that no key can say, and that the family does not imply, is refused.
 */
final class GgufKeys {
    private final GgufWriter out;
    private final Family family;
    private final GptConfig config;

    private GgufKeys(GgufWriter out, Family family, GptConfig config) {
        this.out = out;
        this.family = family;
        this.config = config;
    }

    /**
     * Puts the keys, and the factors of Llama 3's rope, which are a tensor.
     *
     * @throws IllegalArgumentException if a GGUF file of the family cannot say what the
     *     configuration says
     */
    static void put(GgufWriter out, Family family, GptConfig config) {
        GgufKeys keys = new GgufKeys(out, family, config);
        keys.sizes();
        keys.attention();
        keys.rope();
        keys.windows();
    }

    private String key(String name) {
        return family.architecture() + "." + name;
    }

    private void sizes() {
        if (config.mlp().activation() != GgufConfig.activation(family)) {
            throw new IllegalArgumentException(
                    "activation: found %s, expected %s, the only one that a GGUF file of %s has"
                            .formatted(
                                    config.mlp().activation(),
                                    GgufConfig.activation(family),
                                    family.architecture()));
        }
        out.integer(key("context_length"), config.nCtx());
        out.integer(key("embedding_length"), config.nEmbd());
        out.integer(key("block_count"), config.nLayer());
        out.integer(key("feed_forward_length"), config.mlp().nInner());
        out.integer(key("vocab_size"), config.vocabSize());
        if (family == Family.GPT_NEOX) {
            out.flag(key("use_parallel_residual"), config.parallel());
        }
    }

    private void attention() {
        GptConfig.Heads heads = config.attention();
        out.integer(key("attention.head_count"), heads.nHead());
        out.integer(key("attention.head_count_kv"), heads.nKvHead());
        if ((long) heads.nHead() * heads.headDim() != config.nEmbd()) {
            out.integer(key("attention.key_length"), heads.headDim());
            out.integer(key("attention.value_length"), heads.headDim());
        }
        String norm =
                switch (config.norm().kind()) {
                    case LAYER -> "layer_norm_epsilon";
                    case RMS -> "layer_norm_rms_epsilon";
                };
        out.number(key("attention." + norm), config.norm().eps());
        double usual =
                GgufConfig.scale(
                        family, config.nEmbd(), heads.nHead(), heads.headDim(), config.nLayer());
        if ((float) usual != heads.scale()) {
            out.number(key("attention.scale"), heads.scale());
        }
    }

    private void rope() {
        Rope global = of(false);
        Rope local = of(true);
        boolean gemma = family == Family.GEMMA3;
        if (gemma && local != null) {
            if (!(local.scaling() instanceof Rope.Plain)) {
                throw new IllegalArgumentException(
                        "rope of layers with a window: found scaling, expected none");
            }
            out.number(key("rope.freq_base_swa"), local.theta());
        }
        Rope rope = global != null || gemma ? global : local;
        Rope any = rope != null ? rope : local;
        if (any == null) {
            return;
        }
        out.integer(key("rope.dimension_count"), any.dims());
        if (rope == null) {
            return;
        }
        out.number(key("rope.freq_base"), rope.theta());
        switch (rope.scaling()) {
            case Rope.Plain plain -> {}
            case Rope.Linear linear -> {
                out.string(key("rope.scaling.type"), "linear");
                out.number(key("rope.scaling.factor"), linear.factor());
            }
            case Rope.Llama3 rule -> out.tensor(factors(rope));
            case Rope.Divided divided -> out.tensor(factors(rope));
        }
    }

    /** The rope of the first layer that has a window, or that has none. */
    private @Nullable Rope of(boolean window) {
        return config.layers().stream()
                .filter(layer -> layer.window() > 0 == window)
                .findFirst()
                .map(GptConfig.Layer::rope)
                .orElse(null);
    }

    private static NewTensor factors(Rope rope) {
        double[] divisors = rope.divisors();
        ByteBuffer bytes =
                ByteBuffer.allocate(divisors.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (double divisor : divisors) {
            bytes.putFloat((float) divisor);
        }
        return new NewTensor(
                GgufConfig.ROPE_FACTORS,
                TensorType.F32,
                List.of((long) divisors.length),
                channel -> write(channel, bytes.array()));
    }

    private static void write(WritableByteChannel out, byte[] bytes) throws IOException {
        NewFile.writeFully(out, ByteBuffer.wrap(bytes));
    }

    private void windows() {
        boolean[] sliding = new boolean[config.nLayer()];
        int window = 0;
        for (int i = 0; i < sliding.length; i++) {
            int own = config.layers().get(i).window();
            sliding[i] = own > 0;
            window = Math.max(window, own);
            if (own > 0 && own != window) {
                throw new IllegalArgumentException(
                        "sliding window: found %d and %d, expected one for all layers"
                                .formatted(own, window));
            }
        }
        if (window == 0) {
            return;
        }
        out.integer(key("attention.sliding_window"), window);
        boolean[] usual = new boolean[sliding.length];
        GgufConfig.period(usual, family == Family.GEMMA3 ? GgufConfig.GEMMA_PERIOD : 0);
        if (!Arrays.equals(sliding, usual)) {
            out.flags(key("attention.sliding_window_pattern"), sliding);
        }
    }
}
