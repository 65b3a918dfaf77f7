package dev.loupe.model;

import dev.loupe.kernels.Blocks;
import dev.loupe.kernels.Packing;
import dev.loupe.kernels.Rotation;
import dev.loupe.kernels.SelfAttention;
import dev.loupe.kernels.StoredRows;
import dev.loupe.kernels.Threads;
import dev.loupe.kernels.Weight;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Puts a {@link Gpt} together from a configuration and the tensors of a checkpoint. */
public final class GptLoader {
    private final GptConfig config;
    private final TensorSource source;
    private final Threads threads;
    private final Set<String> unused;
    private final Map<Rope, Rotation> rotations = new HashMap<>();

    private GptLoader(GptConfig config, TensorSource source, Threads threads) {
        this.config = config;
        this.source = source;
        this.threads = threads;
        unused = new TreeSet<>(source.names());
    }

    /**
     * Packs the weights for computing; afterwards the source is no longer needed.
     *
     * @throws CheckpointException if a tensor is missing, has another shape than the configuration
     *     says, or has no place in such a model
     * @throws dev.loupe.kernels.NonFiniteException if a weight is NaN or infinite
     */
    public static Gpt load(GptConfig config, TensorSource source, Threads threads) {
        return new GptLoader(config, source, threads).gpt();
    }

    private Gpt gpt() {
        int nEmbd = config.nEmbd();
        Weight wte = weight(config.vocabSize(), nEmbd, "token_embd.weight");
        Weight wpe =
                config.embedding().learnedPositions()
                        ? weight(config.nCtx(), nEmbd, "position_embd.weight")
                        : null;
        List<Block> blocks = new ArrayList<>();
        for (int layer = 0; layer < config.nLayer(); layer++) {
            blocks.add(block(layer));
        }
        Norm lnF = norm("output_norm", nEmbd, config.norm().bias());
        Weight head =
                config.embedding().tied()
                        ? wte
                        : weight(config.vocabSize(), nEmbd, "output.weight");
        if (!unused.isEmpty()) {
            throw new CheckpointException(
                    "tensor %s has no place in a model of family %s with this configuration"
                            .formatted(
                                    source.nameInFile(unused.iterator().next()), config.family()));
        }
        return new Gpt(config, wte, wpe, List.copyOf(blocks), lnF, new Linear(head, null));
    }

    private Block block(int layer) {
        String name = "blk." + layer + ".";
        int nEmbd = config.nEmbd();
        boolean bias = config.norm().bias();
        boolean after = config.norm().after();
        return new Block(
                layer,
                config.parallel(),
                norm(name + "attn_norm", nEmbd, bias),
                attention(layer, name),
                after ? norm(name + "post_attention_norm", nEmbd, bias) : null,
                norm(name + "ffn_norm", nEmbd, bias),
                mlp(name),
                after ? norm(name + "post_ffw_norm", nEmbd, bias) : null);
    }

    private Block.Attention attention(int layer, String name) {
        GptConfig.Heads heads = config.attention();
        GptConfig.Layer own = config.layers().get(layer);
        int queries = heads.queries();
        int keys = heads.keys();
        boolean qkNorm = heads.qkNorm();
        return new Block.Attention(
                queryKeyValue(name, queries, keys),
                linear(name + "attn_output", config.nEmbd(), queries, heads.outBias()),
                qkNorm ? norm(name + "attn_q_norm", heads.headDim(), false) : null,
                qkNorm ? norm(name + "attn_k_norm", heads.headDim(), false) : null,
                own.rope() == null ? null : rotation(own.rope()),
                new SelfAttention.Heads(heads.nHead(), heads.headDim(), heads.scale()),
                keys,
                own.window());
    }

    private Rotation rotation(Rope rope) {
        return rotations.computeIfAbsent(
                rope, r -> new Rotation(r.frequencies(), config.attention().headDim()));
    }

    /** Queries, keys and values in one matrix, whether the file has one or three. */
    private Linear queryKeyValue(String name, int queries, int keys) {
        boolean bias = config.attention().bias();
        if (unused.contains(name + "attn_qkv.weight")) {
            return linear(name + "attn_qkv", queries + 2 * keys, config.nEmbd(), bias);
        }
        List<Piece> pieces =
                List.of(
                        new Piece(name + "attn_q", queries),
                        new Piece(name + "attn_k", keys),
                        new Piece(name + "attn_v", keys));
        return stacked(pieces, config.nEmbd(), bias);
    }

    private Block.Mlp mlp(String name) {
        GptConfig.Mlps mlp = config.mlp();
        Piece up = new Piece(name + "ffn_up", mlp.nInner());
        List<Piece> in =
                mlp.gated() ? List.of(new Piece(name + "ffn_gate", mlp.nInner()), up) : List.of(up);
        return new Block.Mlp(
                stacked(in, config.nEmbd(), mlp.bias()),
                linear(name + "ffn_down", config.nEmbd(), mlp.nInner(), mlp.bias()),
                mlp.gated(),
                mlp.activation());
    }

    private record Piece(String name, int rows) {}

    private Linear linear(String name, int rows, int cols, boolean bias) {
        return stacked(List.of(new Piece(name, rows)), cols, bias);
    }

    /** One linear map from one or more, each beneath the one before. */
    private Linear stacked(List<Piece> pieces, int cols, boolean bias) {
        List<StoredRows> matrices = new ArrayList<>();
        float[] biases = new float[pieces.stream().mapToInt(Piece::rows).sum()];
        int row = 0;
        for (Piece piece : pieces) {
            matrices.add(take(piece.name + ".weight", piece.rows, cols));
            if (bias) {
                float[] own = vector(piece.name + ".bias", piece.rows);
                System.arraycopy(own, 0, biases, row, piece.rows);
            }
            row += piece.rows;
        }
        return new Linear(pack(matrices), bias ? biases : null);
    }

    private Weight pack(List<StoredRows> matrices) {
        Weight weight = Packing.pack(threads, matrices);
        // file and weights together would take twice the memory
        matrices.forEach(StoredRows::release);
        return weight;
    }

    private Weight weight(int rows, int cols, String name) {
        return pack(List.of(take(name, rows, cols)));
    }

    private Norm norm(String name, int size, boolean bias) {
        float[] weight = vector(name + ".weight", size);
        float @Nullable [] shift = bias ? vector(name + ".bias", size) : null;
        return new Norm(config.norm().kind(), weight, shift, config.norm().eps());
    }

    private float[] vector(String name, int size) {
        StoredRows stored = take(name, 1, size);
        float[] numbers = new float[size];
        Blocks.decode(stored.type(), stored.row(0), 0, size, numbers, 0);
        for (float number : numbers) {
            if (!Float.isFinite(number)) {
                throw new CheckpointException(
                        "tensor %s: found %s, expected finite numbers"
                                .formatted(stored.name(), number));
            }
        }
        return numbers;
    }

    private StoredRows take(String name, int rows, int cols) {
        StoredRows stored =
                source.find(name)
                        .orElseThrow(() ->
                                new CheckpointException(
                                        "tensor %s: not in the file, expected [%d, %d]"
                                                .formatted(source.nameInFile(name), rows, cols)));
        if (stored.rows() != rows || stored.cols() != cols) {
            throw new CheckpointException(
                    "tensor %s: found shape [%d, %d], expected [%d, %d]"
                            .formatted(stored.name(), stored.rows(), stored.cols(), rows, cols));
        }
        unused.remove(name);
        return stored;
    }
}
