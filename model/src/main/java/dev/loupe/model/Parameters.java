package dev.loupe.model;

import dev.loupe.kernels.Weight;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/** What of a model can be trained. */
public final class Parameters {
    private final List<Parameter> found = new ArrayList<>();
    private final Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());

    private Parameters() {}

    /**
     * Everything that is kept as 32-bit floats, adapters aside, each once: a tied unembedding is
     * the table of tokens. A matrix of another type has no gradient and stays as it is.
     */
    public static List<Parameter> of(Gpt gpt) {
        Parameters parameters = new Parameters();
        parameters.matrix("token_embd.weight", gpt.wte());
        if (gpt.wpe() != null) {
            parameters.matrix("position_embd.weight", gpt.wpe());
        }
        for (Block block : gpt.blocks()) {
            parameters.block("blk." + block.layer() + ".", block);
        }
        parameters.norm("output_norm", gpt.lnF());
        parameters.linear("output", gpt.unembedding());
        return List.copyOf(parameters.found);
    }

    /** The matrices of all adapters. */
    public static List<Parameter> ofAdapters(Gpt gpt) {
        Parameters parameters = new Parameters();
        for (Block block : gpt.blocks()) {
            String name = "blk." + block.layer() + ".";
            parameters.adapters(name + "attn_qkv", block.attn().qkv());
            parameters.adapters(name + "attn_output", block.attn().out());
            parameters.adapters(name + upName(block), block.mlp().up());
            parameters.adapters(name + "ffn_down", block.mlp().down());
        }
        return List.copyOf(parameters.found);
    }

    private static String upName(Block block) {
        return block.mlp().gated() ? "ffn_gate_up" : "ffn_up";
    }

    private void block(String name, Block block) {
        norm(name + "attn_norm", block.ln1());
        linear(name + "attn_qkv", block.attn().qkv());
        norm(name + "attn_q_norm", block.attn().qNorm());
        norm(name + "attn_k_norm", block.attn().kNorm());
        linear(name + "attn_output", block.attn().out());
        norm(name + "post_attention_norm", block.postAttn());
        norm(name + "ffn_norm", block.ln2());
        linear(name + upName(block), block.mlp().up());
        linear(name + "ffn_down", block.mlp().down());
        norm(name + "post_ffw_norm", block.postMlp());
    }

    private void norm(String name, @Nullable Norm norm) {
        if (norm != null) {
            vector(name + ".weight", norm.weight());
            if (norm.bias() != null) {
                vector(name + ".bias", norm.bias());
            }
        }
    }

    private void linear(String name, Linear linear) {
        matrix(name + ".weight", linear.weight());
        if (linear.bias() != null) {
            vector(name + ".bias", linear.bias());
        }
    }

    private void adapters(String name, Linear linear) {
        for (Lora lora : linear.adapters()) {
            matrix(name + "." + lora.first() + ".lora_a", lora.a());
            matrix(name + "." + lora.first() + ".lora_b", lora.b());
        }
    }

    private void matrix(String name, Weight weight) {
        if (weight instanceof Weight.Floats floats && seen.add(floats.data())) {
            found.add(Parameter.matrix(name, floats));
        }
    }

    private void vector(String name, float[] numbers) {
        if (seen.add(numbers)) {
            found.add(Parameter.vector(name, numbers));
        }
    }
}
