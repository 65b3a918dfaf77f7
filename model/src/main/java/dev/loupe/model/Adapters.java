package dev.loupe.model;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Where in a model adapters can be, which are there, and the same model with others. */
public final class Adapters {
    private static final Map<String, String> KINDS =
            Map.of(
                    "attn_q", "q",
                    "attn_k", "k",
                    "attn_v", "v",
                    "attn_qkv", "qkv",
                    "attn_output", "o",
                    "ffn_gate", "gate",
                    "ffn_up", "up",
                    "ffn_down", "down");

    private Adapters() {}

    /**
     * A linear map that an adapter can be added to, or one of several that the model keeps as one.
     *
     * @param name as in GGUF: {@code blk.3.attn_q}
     * @param kind the same in every block, for people: q, k, v, qkv, o, gate, up or down
     * @param first its first output in the matrix that the model computes with
     * @param outputs how many it has
     * @param linear that matrix, and the adapters that it has
     */
    public record Place(String name, String kind, int first, int outputs, Linear linear) {
        /** How many inputs it has. */
        public int inputs() {
            return linear.weight().cols();
        }
    }

    /**
     * All places, block after block.
     *
     * @param joined whether queries, keys and values are one tensor, {@code attn_qkv}, in the files
     *     of the family
     */
    public static List<Place> places(Gpt gpt, boolean joined) {
        List<Place> places = new ArrayList<>();
        for (Block block : gpt.blocks()) {
            Block.Attention attention = block.attn();
            Linear qkv = attention.qkv();
            int queries = attention.heads().nHead() * attention.heads().headDim();
            int keys = attention.keyWidth();
            if (joined) {
                places.add(place(block, "attn_qkv", qkv));
            } else {
                places.add(place(block, "attn_q", 0, queries, qkv));
                places.add(place(block, "attn_k", queries, keys, qkv));
                places.add(place(block, "attn_v", queries + keys, keys, qkv));
            }
            places.add(place(block, "attn_output", attention.out()));
            Linear up = block.mlp().up();
            if (block.mlp().gated()) {
                int inner = up.weight().rows() / 2;
                places.add(place(block, "ffn_gate", 0, inner, up));
                places.add(place(block, "ffn_up", inner, inner, up));
            } else {
                places.add(place(block, "ffn_up", up));
            }
            places.add(place(block, "ffn_down", block.mlp().down()));
        }
        return places;
    }

    private static Place place(Block block, String stem, Linear linear) {
        return place(block, stem, 0, linear.weight().rows(), linear);
    }

    private static Place place(Block block, String stem, int first, int outputs, Linear linear) {
        String name = "blk." + block.layer() + "." + stem;
        return new Place(name, KINDS.getOrDefault(stem, stem), first, outputs, linear);
    }

    /** The adapters that a model has, by the names of their places. */
    public static Map<String, Lora> of(Gpt gpt, boolean joined) {
        Map<String, Lora> found = new LinkedHashMap<>();
        for (Place place : places(gpt, joined)) {
            for (Lora lora : place.linear().adapters()) {
                if (lora.first() == place.first() && lora.b().rows() == place.outputs()) {
                    found.put(place.name(), lora);
                }
            }
        }
        return found;
    }

    /**
     * The same model, over the same weights, with these adapters and no others.
     *
     * @param adapters by the names of their places
     * @throws IllegalArgumentException if a name is of no place in the model, or an adapter does
     *     not fit there
     */
    public static Gpt with(Gpt gpt, Map<String, Lora> adapters) {
        Set<String> left = new HashSet<>(adapters.keySet());
        List<Block> blocks = new ArrayList<>();
        for (Block block : gpt.blocks()) {
            Adapting adapting = new Adapting("blk." + block.layer() + ".", adapters, left);
            Block.Attention attention = block.attn();
            Block.Mlp mlp = block.mlp();
            blocks.add(
                    new Block(
                            block.layer(),
                            block.parallel(),
                            block.ln1(),
                            new Block.Attention(
                                    adapting.of(
                                            attention.qkv(),
                                            "attn_qkv",
                                            "attn_q",
                                            "attn_k",
                                            "attn_v"),
                                    adapting.of(attention.out(), "attn_output"),
                                    attention.qNorm(),
                                    attention.kNorm(),
                                    attention.rotation(),
                                    attention.heads(),
                                    attention.keyWidth(),
                                    attention.window()),
                            block.postAttn(),
                            block.ln2(),
                            new Block.Mlp(
                                    adapting.of(mlp.up(), "ffn_gate", "ffn_up"),
                                    adapting.of(mlp.down(), "ffn_down"),
                                    mlp.gated(),
                                    mlp.activation()),
                            block.postMlp()));
        }
        if (!left.isEmpty()) {
            throw new IllegalArgumentException(
                    "adapter of " + left.iterator().next() + ": the model has no such matrix");
        }
        return new Gpt(
                gpt.config(),
                gpt.wte(),
                gpt.wpe(),
                List.copyOf(blocks),
                gpt.lnF(),
                gpt.unembedding());
    }

    private record Adapting(String block, Map<String, Lora> adapters, Set<String> left) {
        Linear of(Linear linear, String... stems) {
            List<Lora> own = new ArrayList<>();
            for (String stem : stems) {
                Lora lora = adapters.get(block + stem);
                if (lora != null) {
                    own.add(lora);
                    left.remove(block + stem);
                }
            }
            return linear.with(own);
        }
    }
}
