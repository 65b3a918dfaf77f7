#!/usr/bin/env python3
"""Makes matrices.json: how the numbers of some weight matrices lie, and their singular values, as
NumPy computes them in double precision.

    pip install numpy safetensors gguf
    python make_matrices.py FIXTURES/families SmolLM2-135M-Instruct.Q4_1.gguf matrices.json

Names are those of GGUF. Of long lists of singular values every 16th is kept, and the last.
"""
import json
import pathlib
import sys

import gguf
import numpy as np
from safetensors.numpy import load_file

FIXTURES = {
    # GPT-2's files have [in, out]
    "gpt2": [("blk.0.attn_qkv.weight", "transformer.h.0.attn.c_attn.weight", True),
             ("blk.1.ffn_down.weight", "transformer.h.1.mlp.c_proj.weight", True),
             ("position_embd.weight", "transformer.wpe.weight", False)],
    "qwen3": [("token_embd.weight", "model.embed_tokens.weight", False),
              ("blk.0.attn_k.weight", "model.layers.0.self_attn.k_proj.weight", False),
              ("blk.1.ffn_norm.weight", "model.layers.1.post_attention_layernorm.weight", False)],
}
QUANTISED = ["blk.5.ffn_down.weight", "blk.29.ffn_gate.weight", "blk.3.attn_v.weight"]
STRIDE = 16


def numbers(a):
    a = a.astype(np.float64)
    if a.ndim == 1:
        a = a[None, :]
    values = np.linalg.svd(a, compute_uv=False)
    p = values ** 2 / np.sum(values ** 2)
    kept = list(range(0, len(values), STRIDE)) + [len(values) - 1]
    low, high = np.unravel_index(a.argmin(), a.shape), np.unravel_index(a.argmax(), a.shape)
    return {
        "rows": a.shape[0],
        "cols": a.shape[1],
        "mean": a.mean(),
        "deviation": a.std(),
        "least": [int(low[0]), int(low[1]), a.min()],
        "largest": [int(high[0]), int(high[1]), a.max()],
        "norm": np.linalg.norm(a),
        "histogram": np.histogram(a, bins=101)[0].tolist(),
        "places": kept,
        "singular": values[kept].tolist(),
        "effective_rank": float(np.exp(-np.sum(p[p > 0] * np.log(p[p > 0])))),
    }


def main(families, smollm2, out):
    found = {}
    for name, matrices in FIXTURES.items():
        tensors = load_file(pathlib.Path(families) / name / "model.safetensors")
        found[name] = {}
        for ours, theirs, turned in matrices:
            key = theirs if theirs in tensors else theirs.removeprefix("transformer.")
            found[name][ours] = numbers(tensors[key].T if turned else tensors[key])
    found["smollm2"] = {}
    for tensor in gguf.GGUFReader(smollm2).tensors:
        if tensor.name in QUANTISED:
            found["smollm2"][tensor.name] = numbers(
                gguf.dequantize(tensor.data, tensor.tensor_type))
    pathlib.Path(out).write_text(json.dumps(found, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
