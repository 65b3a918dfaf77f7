#!/usr/bin/env python3
"""Makes transformer_lens.json: what the hooks of TransformerLens see in models of the fixtures, in double
precision, by the names that it gives them.

    pip install torch transformers safetensors 'transformer_lens<3'
    python make_transformer_lens.py FIXTURES/families transformer_lens.json

Weights are not processed (no folding, no centring). Every STRIDE-th number of each array is kept. The ids are
those of the second case of each model.
"""
import json
import pathlib
import sys

import torch
from transformer_lens import HookedTransformer, HookedTransformerConfig
from transformer_lens.pretrained.weight_conversions import (
    convert_gpt2_weights,
    convert_llama_weights,
    convert_neox_weights,
)
from transformers import AutoModelForCausalLM

STRIDE = 37


def config(model, **more):
    c = model.config
    heads = c.num_attention_heads
    return HookedTransformerConfig(
        n_layers=c.num_hidden_layers, d_model=c.hidden_size, n_ctx=c.max_position_embeddings,
        d_head=c.hidden_size // heads, n_heads=heads, d_vocab=c.vocab_size, dtype=torch.float64,
        use_attn_result=True, **more)


def gpt2(model):
    cfg = config(model, act_fn="gelu_new", normalization_type="LN",
                 eps=model.config.layer_norm_epsilon)
    return cfg, convert_gpt2_weights(model, cfg)


def neox(model):
    c = model.config
    rotary = int(c.rope_parameters["partial_rotary_factor"] * c.hidden_size // c.num_attention_heads)
    cfg = config(model, act_fn="gelu", normalization_type="LN", eps=c.layer_norm_eps,
                 d_mlp=c.intermediate_size, positional_embedding_type="rotary", rotary_dim=rotary,
                 parallel_attn_mlp=c.use_parallel_residual, rotary_adjacent_pairs=False)
    # the name that transformers gave it before
    model.embed_out = model.lm_head
    return cfg, convert_neox_weights(model, cfg)


def llama(model):
    c = model.config
    cfg = config(model, act_fn="silu", normalization_type="RMS", eps=c.rms_norm_eps,
                 d_mlp=c.intermediate_size, gated_mlp=True, positional_embedding_type="rotary",
                 rotary_dim=c.hidden_size // c.num_attention_heads, rotary_adjacent_pairs=False,
                 final_rms=True, n_key_value_heads=c.num_key_value_heads, original_architecture="LlamaForCausalLM")
    return cfg, convert_llama_weights(model, cfg)


MODELS = {"gpt2": gpt2, "gpt-neox": neox, "llama-tied": llama}


def main():
    families, out = (pathlib.Path(a) for a in sys.argv[1:3])
    result = {}
    for name, convert in MODELS.items():
        ids = json.loads((families / name / "expected.json").read_text())["cases"][1]["ids"]
        hf = AutoModelForCausalLM.from_pretrained(
            families / name, dtype=torch.float64, attn_implementation="eager").eval()
        cfg, weights = convert(hf)
        model = HookedTransformer(cfg)
        model.load_and_process_state_dict(
            weights, fold_ln=False, center_writing_weights=False, center_unembed=False,
            fold_value_biases=False)
        with torch.no_grad():
            logits, cache = model.run_with_cache(torch.tensor([ids]), return_type="logits")
            apart = (logits[0] - hf(torch.tensor([ids])).logits[0]).abs().max().item()
        print(name, "logits apart from transformers:", apart, flush=True)
        hooks = {}
        for hook, x in cache.items():
            x = x[0].to(torch.float64)
            flat = x.reshape(-1)[::STRIDE].tolist()
            hooks[hook] = {"shape": list(x.shape),
                           "values": [float(f"{v:.8g}") if abs(v) < 1e30 else None for v in flat]}
        result[name] = {"ids": ids, "stride": STRIDE, "hooks": hooks}
    out.write_text("{\n" + ",\n".join(
        f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in result.items()) + "\n}\n")


main()
