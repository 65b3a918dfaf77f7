#!/usr/bin/env python3
"""Makes gradients.json: for each model family the loss of a small batch, and of the gradient of each
parameter its length and its products with four directions of +-1, as PyTorch computes them in double
precision.

    pip install torch transformers safetensors numpy
    python make_gradients.py FIXTURES/families gradients.json

The models are those of the fixtures; the batch is the two longest of their cases, each token the
target of the one before it, and the loss is the mean over all targets. Number i of a tensor (row
after row, as the file has it) has in direction d the sign -1 if bit 63 of mix(4 i + d) is set;
mix is the finaliser of SplitMix64.
"""
import json
import pathlib
import sys

import numpy as np
import torch
from transformers import AutoModelForCausalLM

DIRECTIONS = 4


def mix(z):
    z = z * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def signs(n, direction):
    counter = np.arange(n, dtype=np.uint64) * np.uint64(DIRECTIONS) + np.uint64(direction)
    return 1.0 - 2.0 * (mix(counter) >> np.uint64(63)).astype(np.float64)


def family(folder):
    cases = json.loads((folder / "expected.json").read_text())["cases"]
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float64, attn_implementation="eager"
    ).eval()
    losses = []
    for case in cases[1:]:
        ids = torch.tensor([case["ids"]])
        logits = model(ids[:, :-1]).logits[0]
        losses.append(torch.nn.functional.cross_entropy(logits, ids[0, 1:], reduction="none"))
    loss = torch.cat(losses).mean()
    loss.backward()
    tensors = {}
    for name, parameter in model.named_parameters():
        g = parameter.grad.numpy().reshape(-1)
        products = [float(g @ signs(g.size, d)) for d in range(DIRECTIONS)]
        if model.config.model_type == "gpt_neox":
            # its files keep the name of old
            name = name.replace("lm_head", "embed_out")
        tensors[name] = {
            "length": float(f"{np.linalg.norm(g):.9g}"),
            "products": [float(f"{p:.9g}") for p in products],
        }
    return {"loss": float(f"{loss.item():.12g}"), "tensors": tensors}


def main():
    root = pathlib.Path(sys.argv[1])
    families = {f.name: family(f) for f in sorted(root.iterdir()) if (f / "config.json").exists()}
    text = json.dumps(families, indent=0)
    pathlib.Path(sys.argv[2]).write_text(text + "\n")
    for name, found in families.items():
        print(name, found["loss"], len(found["tensors"]))


with np.errstate(over="ignore"):
    main()
