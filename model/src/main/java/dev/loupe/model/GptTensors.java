package dev.loupe.model;

import dev.loupe.kernels.LowRank;
import dev.loupe.kernels.StoredRows;
import dev.loupe.kernels.TensorType;
import dev.loupe.kernels.Weight;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A model in memory as the tensors of a checkpoint, 32-bit floats all of them: the way back from
 * {@link GptLoader}. Rows are made when they are asked for, from the weights as they are then, and
 * adapters are merged into them.
 */
public final class GptTensors implements TensorSource {
    private final Map<String, StoredRows> tensors = new LinkedHashMap<>();
    private final boolean joined;

    /**
     * @param joined whether queries, keys and values are one tensor, {@code attn_qkv}
     */
    public GptTensors(Gpt gpt, boolean joined) {
        this.joined = joined;
        matrix("token_embd.weight", gpt.wte());
        if (gpt.wpe() != null) {
            matrix("position_embd.weight", gpt.wpe());
        }
        for (Block block : gpt.blocks()) {
            block("blk." + block.layer() + ".", block);
        }
        norm("output_norm", gpt.lnF());
        if (!gpt.config().embedding().tied()) {
            linear("output", gpt.unembedding());
        }
    }

    private void block(String name, Block block) {
        Block.Attention attention = block.attn();
        norm(name + "attn_norm", block.ln1());
        if (joined) {
            linear(name + "attn_qkv", attention.qkv());
        } else {
            int queries = attention.heads().nHead() * attention.heads().headDim();
            int keys = attention.keyWidth();
            part(name + "attn_q", attention.qkv(), 0, queries);
            part(name + "attn_k", attention.qkv(), queries, keys);
            part(name + "attn_v", attention.qkv(), queries + keys, keys);
        }
        norm(name + "attn_q_norm", attention.qNorm());
        norm(name + "attn_k_norm", attention.kNorm());
        linear(name + "attn_output", attention.out());
        norm(name + "post_attention_norm", block.postAttn());
        norm(name + "ffn_norm", block.ln2());
        Block.Mlp mlp = block.mlp();
        if (mlp.gated()) {
            int inner = mlp.up().weight().rows() / 2;
            part(name + "ffn_gate", mlp.up(), 0, inner);
            part(name + "ffn_up", mlp.up(), inner, inner);
        } else {
            linear(name + "ffn_up", mlp.up());
        }
        linear(name + "ffn_down", mlp.down());
        norm(name + "post_ffw_norm", block.postMlp());
    }

    private void norm(String name, @Nullable Norm norm) {
        if (norm != null) {
            vector(name + ".weight", norm.weight(), 0, norm.weight().length);
            if (norm.bias() != null) {
                vector(name + ".bias", norm.bias(), 0, norm.bias().length);
            }
        }
    }

    private void linear(String name, Linear linear) {
        part(name, linear, 0, linear.weight().rows());
    }

    /** Some of the outputs of a linear map. */
    private void part(String name, Linear linear, int first, int rows) {
        Weight weight = linear.weight();
        List<Lora> adapters = linear.adapters();
        List<LowRank> added =
                adapters.stream().map(l -> new LowRank(l.a(), l.b(), l.scale())).toList();
        put(
                name + ".weight",
                rows,
                weight.cols(),
                (r, out) -> {
                    weight.row(first + r, out, 0);
                    for (int i = 0; i < added.size(); i++) {
                        int own = first + r - adapters.get(i).first();
                        if (own >= 0 && own < adapters.get(i).b().rows()) {
                            added.get(i).add(own, out);
                        }
                    }
                });
        if (linear.bias() != null) {
            vector(name + ".bias", linear.bias(), first, rows);
        }
    }

    private void matrix(String name, Weight weight) {
        put(name, weight.rows(), weight.cols(), (r, out) -> weight.row(r, out, 0));
    }

    private void vector(String name, float[] numbers, int from, int n) {
        put(name, 1, n, (r, out) -> System.arraycopy(numbers, from, out, 0, n));
    }

    private void put(String name, int rows, int cols, Row row) {
        tensors.put(name, new Rows(name, rows, cols, row));
    }

    private interface Row {
        void read(int row, float[] out);
    }

    private record Rows(String name, int rows, int cols, Row source) implements StoredRows {
        private static final ValueLayout.OfFloat FLOAT =
                ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

        @Override
        public TensorType type() {
            return TensorType.F32;
        }

        @Override
        public MemorySegment row(int row) {
            float[] numbers = new float[cols];
            source.read(row, numbers);
            MemorySegment bytes = MemorySegment.ofArray(new byte[Float.BYTES * cols]);
            MemorySegment.copy(numbers, 0, bytes, FLOAT, 0, cols);
            return bytes;
        }
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(tensors.keySet());
    }

    @Override
    public Optional<StoredRows> find(String name) {
        return Optional.ofNullable(tensors.get(name));
    }
}
