package dev.loupe.train;

import dev.loupe.kernels.StoredRows;
import dev.loupe.kernels.TensorType;
import dev.loupe.model.GptConfig;
import dev.loupe.model.TensorSource;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;

/**
 * The weights before training, as GPT-2 draws them (Radford et al. 2019): normal numbers of
 * standard deviation 0.02, those of matrices that write to the residual stream smaller by {@code
 * sqrt(2 layers)}, since so many of them add up there; norms 1, biases 0. Each row has its own
 * stream of random numbers, so the numbers depend on the seed, the name and the place alone.
 */
public final class Initialization implements TensorSource {
    private static final float SPREAD = 0.02f;
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Map<String, StoredRows> tensors = new LinkedHashMap<>();
    private final GptConfig config;
    private final long seed;
    private final float residual;

    public Initialization(GptConfig config, long seed) {
        this.config = config;
        this.seed = seed;
        residual = (float) (SPREAD / Math.sqrt(2.0 * config.nLayer()));
        int width = config.nEmbd();
        normal("token_embd", config.vocabSize(), width, SPREAD, false);
        if (config.embedding().learnedPositions()) {
            normal("position_embd", config.nCtx(), width, SPREAD, false);
        }
        for (int layer = 0; layer < config.nLayer(); layer++) {
            block("blk." + layer + ".");
        }
        norm("output_norm", width);
        if (!config.embedding().tied()) {
            normal("output", config.vocabSize(), width, SPREAD, false);
        }
    }

    private void block(String name) {
        int width = config.nEmbd();
        int inner = config.mlp().nInner();
        int queries = config.attention().queries();
        int keys = config.attention().keys();
        boolean bias = config.attention().bias();
        norm(name + "attn_norm", width);
        normal(name + "attn_q", queries, width, SPREAD, bias);
        normal(name + "attn_k", keys, width, SPREAD, bias);
        normal(name + "attn_v", keys, width, SPREAD, bias);
        if (config.attention().qkNorm()) {
            norm(name + "attn_q_norm", config.attention().headDim());
            norm(name + "attn_k_norm", config.attention().headDim());
        }
        normal(name + "attn_output", width, queries, residual, config.attention().outBias());
        if (config.norm().after()) {
            norm(name + "post_attention_norm", width);
            norm(name + "post_ffw_norm", width);
        }
        norm(name + "ffn_norm", width);
        if (config.mlp().gated()) {
            normal(name + "ffn_gate", inner, width, SPREAD, config.mlp().bias());
        }
        normal(name + "ffn_up", inner, width, SPREAD, config.mlp().bias());
        normal(name + "ffn_down", width, inner, residual, config.mlp().bias());
    }

    private void norm(String name, int size) {
        constant(name + ".weight", size, 1);
        if (config.norm().bias() && !name.contains("_q_norm") && !name.contains("_k_norm")) {
            constant(name + ".bias", size, 0);
        }
    }

    private void normal(String name, int rows, int cols, float spread, boolean bias) {
        String weight = name + ".weight";
        tensors.put(weight, new Drawn(weight, rows, cols, 0, spread, seed));
        if (bias) {
            constant(name + ".bias", rows, 0);
        }
    }

    private void constant(String name, int size, float value) {
        tensors.put(name, new Drawn(name, 1, size, value, 0, seed));
    }

    private record Drawn(String name, int rows, int cols, float mean, float spread, long seed)
            implements StoredRows {
        @Override
        public TensorType type() {
            return TensorType.F32;
        }

        @Override
        public MemorySegment row(int row) {
            float[] numbers = new float[cols];
            Random random = new Random(seed * 31 + name.hashCode() + ((long) row << 32));
            for (int i = 0; i < cols; i++) {
                numbers[i] = spread == 0 ? mean : (float) (mean + spread * random.nextGaussian());
            }
            MemorySegment bytes = MemorySegment.ofArray(new byte[Float.BYTES * cols]);
            MemorySegment.copy(numbers, 0, bytes, FLOAT, 0, cols);
            return bytes;
        }
    }

    @Override
    public Set<String> names() {
        return tensors.keySet();
    }

    @Override
    public Optional<StoredRows> find(String name) {
        return Optional.ofNullable(tensors.get(name));
    }
}
