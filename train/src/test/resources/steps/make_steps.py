#!/usr/bin/env python3
"""Makes steps.json: for each model family the losses of ten steps of AdamW on one window of text, as
PyTorch computes them in double precision.

    pip install torch transformers safetensors
    python make_steps.py FIXTURES/families steps.json

The models are those of the fixtures, the window is the longest of their cases. The rate is the same
in each step, matrices decay and vectors do not, and gradients are clipped to a norm of 0.5.
"""
import json
import pathlib
import sys

import torch
from transformers import AutoModelForCausalLM

STEPS, RATE, BETAS, DECAY, CLIP = 10, 1e-3, (0.9, 0.95), 0.1, 0.5


def family(folder):
    cases = json.loads((folder / "expected.json").read_text())["cases"]
    window = max((case["ids"] for case in cases), key=len)
    ids = torch.tensor([window])
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float64, attn_implementation="eager"
    ).eval()
    matrices = [p for p in model.parameters() if p.dim() > 1]
    vectors = [p for p in model.parameters() if p.dim() == 1]
    groups = [{"params": matrices, "weight_decay": DECAY}, {"params": vectors, "weight_decay": 0.0}]
    adam = torch.optim.AdamW(groups, lr=RATE, betas=BETAS, eps=1e-8)
    losses = []
    for _ in range(STEPS):
        logits = model(ids[:, :-1]).logits[0]
        loss = torch.nn.functional.cross_entropy(logits, ids[0, 1:])
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        adam.step()
        losses.append(float(f"{loss.item():.9g}"))
    return {"ids": window, "losses": losses}


def main():
    root = pathlib.Path(sys.argv[1])
    families = {f.name: family(f) for f in sorted(root.iterdir()) if (f / "config.json").exists()}
    text = ",\n".join(f"{json.dumps(name)}: {json.dumps(found)}" for name, found in families.items())
    pathlib.Path(sys.argv[2]).write_text("{\n" + text + "\n}\n")
    for name, found in families.items():
        print(name, found["losses"][0], found["losses"][-1])


main()
