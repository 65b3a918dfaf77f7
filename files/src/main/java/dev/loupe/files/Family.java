package dev.loupe.files;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * How the families of models name things. Names of tensors are those of GGUF; for a Hugging Face
 * folder each family has a table of what those are called there, and how their numbers lie.
 */
enum Family {
    GPT2("gpt2", Set.of("gpt2"), "transformer.") {
        @Override
        Map<String, Name> names() {
            return Map.ofEntries(
                    Map.entry("token_embd", plain("wte")),
                    Map.entry("position_embd", plain("wpe")),
                    Map.entry("output_norm", plain("ln_f")),
                    Map.entry("output", plain("lm_head")),
                    Map.entry("blk.N.attn_norm", plain("h.N.ln_1")),
                    Map.entry("blk.N.attn_qkv", transposed("h.N.attn.c_attn")),
                    Map.entry("blk.N.attn_output", transposed("h.N.attn.c_proj")),
                    Map.entry("blk.N.ffn_norm", plain("h.N.ln_2")),
                    Map.entry("blk.N.ffn_up", transposed("h.N.mlp.c_fc")),
                    Map.entry("blk.N.ffn_down", transposed("h.N.mlp.c_proj")));
        }
    },
    GPT_NEOX("gptneox", Set.of("gpt_neox"), "gpt_neox.") {
        @Override
        Map<String, Name> names() {
            return Map.ofEntries(
                    Map.entry("token_embd", plain("embed_in")),
                    Map.entry("output_norm", plain("final_layer_norm")),
                    Map.entry("output", plain("embed_out")),
                    Map.entry("blk.N.attn_norm", plain("layers.N.input_layernorm")),
                    Map.entry(
                            "blk.N.attn_qkv",
                            new Name("layers.N.attention.query_key_value", Layout.BY_HEAD)),
                    Map.entry("blk.N.attn_output", plain("layers.N.attention.dense")),
                    Map.entry("blk.N.ffn_norm", plain("layers.N.post_attention_layernorm")),
                    Map.entry("blk.N.ffn_up", plain("layers.N.mlp.dense_h_to_4h")),
                    Map.entry("blk.N.ffn_down", plain("layers.N.mlp.dense_4h_to_h")));
        }
    },
    LLAMA("llama", Set.of("llama", "mistral"), "model.") {
        @Override
        Map<String, Name> names() {
            return llamaNames();
        }
    },
    QWEN2("qwen2", Set.of("qwen2"), "model.") {
        @Override
        Map<String, Name> names() {
            return llamaNames();
        }
    },
    QWEN3("qwen3", Set.of("qwen3"), "model.") {
        @Override
        Map<String, Name> names() {
            Map<String, Name> names = new HashMap<>(llamaNames());
            names.put("blk.N.attn_q_norm", plain("layers.N.self_attn.q_norm"));
            names.put("blk.N.attn_k_norm", plain("layers.N.self_attn.k_norm"));
            return names;
        }
    },
    GEMMA3("gemma3", Set.of("gemma3_text"), "model.") {
        @Override
        Map<String, Name> names() {
            Map<String, Name> names = new HashMap<>(llamaNames());
            names.put("output_norm", lessOne("norm"));
            names.put("blk.N.attn_norm", lessOne("layers.N.input_layernorm"));
            names.put("blk.N.attn_q_norm", lessOne("layers.N.self_attn.q_norm"));
            names.put("blk.N.attn_k_norm", lessOne("layers.N.self_attn.k_norm"));
            names.put("blk.N.post_attention_norm", lessOne("layers.N.post_attention_layernorm"));
            names.put("blk.N.ffn_norm", lessOne("layers.N.pre_feedforward_layernorm"));
            names.put("blk.N.post_ffw_norm", lessOne("layers.N.post_feedforward_layernorm"));
            return names;
        }
    };

    /** How a tensor of a Hugging Face folder differs from what the model computes with. */
    enum Layout {
        /** It does not. */
        PLAIN,
        /** A matrix is {@code [in, out]} (GPT-2's Conv1D). */
        TRANSPOSED,
        /** Rows are {@code [head][query, key, value][headDim]} (GPT-NeoX). */
        BY_HEAD,
        /** A norm's weight is stored less one (Gemma). */
        LESS_ONE
    }

    /** A tensor's name without {@code .weight} or {@code .bias}; {@code N} is the block. */
    record Name(String name, Layout layout) {}

    private final String architecture;

    @SuppressWarnings("ImmutableEnumChecker") // a copy that cannot change
    private final Set<String> modelTypes;

    private final String prefix;

    Family(String architecture, Set<String> modelTypes, String prefix) {
        this.architecture = architecture;
        this.modelTypes = Set.copyOf(modelTypes);
        this.prefix = prefix;
    }

    /** From names of GGUF to those of Hugging Face, without {@link #prefix}. */
    abstract Map<String, Name> names();

    /** {@code general.architecture} of a GGUF file. */
    String architecture() {
        return architecture;
    }

    /** What names of a Hugging Face folder may begin with; the unembedding's does not. */
    String prefix() {
        return prefix;
    }

    /** Whether a GGUF file has the rows of queries and keys in adjacent pairs. */
    boolean pairsInGguf() {
        return this == LLAMA;
    }

    static Optional<Family> ofArchitecture(String architecture) {
        return List.of(values()).stream()
                .filter(family -> family.architecture.equals(architecture))
                .findFirst();
    }

    static Optional<Family> ofModelType(String modelType) {
        return List.of(values()).stream()
                .filter(family -> family.modelTypes.contains(modelType))
                .findFirst();
    }

    /** For errors: what there is. */
    static String known() {
        return "one of gpt2, gpt_neox, llama, mistral, qwen2, qwen3, gemma3_text";
    }

    private static Name plain(String name) {
        return new Name(name, Layout.PLAIN);
    }

    private static Name transposed(String name) {
        return new Name(name, Layout.TRANSPOSED);
    }

    private static Name lessOne(String name) {
        return new Name(name, Layout.LESS_ONE);
    }

    private static Map<String, Name> llamaNames() {
        return Map.ofEntries(
                Map.entry("token_embd", plain("embed_tokens")),
                Map.entry("output_norm", plain("norm")),
                Map.entry("output", plain("lm_head")),
                Map.entry("blk.N.attn_norm", plain("layers.N.input_layernorm")),
                Map.entry("blk.N.attn_q", plain("layers.N.self_attn.q_proj")),
                Map.entry("blk.N.attn_k", plain("layers.N.self_attn.k_proj")),
                Map.entry("blk.N.attn_v", plain("layers.N.self_attn.v_proj")),
                Map.entry("blk.N.attn_output", plain("layers.N.self_attn.o_proj")),
                Map.entry("blk.N.ffn_norm", plain("layers.N.post_attention_layernorm")),
                Map.entry("blk.N.ffn_gate", plain("layers.N.mlp.gate_proj")),
                Map.entry("blk.N.ffn_up", plain("layers.N.mlp.up_proj")),
                Map.entry("blk.N.ffn_down", plain("layers.N.mlp.down_proj")));
    }
}
