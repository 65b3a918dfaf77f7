#!/usr/bin/env python3
"""Holds `loupe convert` against transformers, gguf-py and, where it is there, llama.cpp.

    pip install torch transformers gguf safetensors numpy
    python check_conversions.py LOUPE FAMILIES WORK [MODEL.gguf [LLAMA_COMPLETION]]

LOUPE     the launcher, ./loupe
FAMILIES  the folder `families` of the shared fixtures
WORK      a folder for what is made; it grows to 2 GB with a real model of 135 M parameters
MODEL     a GGUF file with a tokenizer, to folder and back
LLAMA_COMPLETION  llama.cpp's llama-completion

Every checkpoint goes to GGUF and back. It prints a line each and ends with 1 if a bound is broken.
"""
import json
import pathlib
import random
import subprocess
import sys

import gguf
import numpy as np
import torch
import transformers
from safetensors.numpy import load_file

loupe, families, work = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
work.mkdir(parents=True, exist_ok=True)
broken = []


def check(holds, what):
    print("  " + ("ok      " if holds else "BROKEN  ") + what)
    if not holds:
        broken.append(what)


def run(*command):
    return subprocess.run([str(c) for c in command], check=True, capture_output=True).stdout


def our_logits(model, ids):
    run(loupe, "logits", "-m", model, "--ids", ",".join(map(str, ids)), "-o", work / "x.npy")
    return np.load(work / "x.npy")


def there_and_back(folder):
    name = folder.name
    print(name)
    file, back = work / f"{name}.gguf", work / name
    run(loupe, "convert", folder, file, "--type", "F32", "--force")
    run(loupe, "convert", file, back, "--force")
    reader = gguf.GGUFReader(file)
    check(len(reader.tensors) > 0, f"gguf-py reads {len(reader.tensors)} tensors")
    before, after = load_file(folder / "model.safetensors"), load_file(back / "model.safetensors")
    before = {k: v for k, v in before.items() if k in after or "bias" not in k}
    worst, differ = 0.0, 0
    for key, value in before.items():
        same = key in after and after[key].shape == value.shape
        differ += not same or value.tobytes() != after[key].tobytes()
        worst = max(worst, float(np.abs(value - after[key]).max()) if same else np.inf)
    bound = 2**-23 if "gemma" in name else 0  # norms of Gemma go through 1 + w in float32
    check(
        before.keys() == after.keys() and worst <= bound,
        f"{len(after)} tensors, {differ} differ, by at most {worst:g}",
    )
    model = transformers.AutoModelForCausalLM.from_pretrained(back).float().eval()
    ours = theirs = 0.0
    for case in json.loads((folder / "expected.json").read_text())["cases"]:
        ids, expected = case["ids"], np.array(case["logits"], np.float32)
        scale = max(1, np.abs(expected).max())
        first = our_logits(folder, ids)
        for other in (file, back):
            ours = max(ours, float(np.abs(first - our_logits(other, ids)).max() / scale))
        with torch.no_grad():
            found = model(torch.tensor([ids])).logits[0].numpy()
        theirs = max(theirs, float(np.abs(found - expected).max() / scale))
    check(ours <= 1e-6, f"our logits on file and folder differ by {ours:g}")
    check(theirs <= 1e-4, f"transformers' logits on the folder differ by {theirs:g}")


def real(model, completion):
    print(model.name)
    folder = work / "real"
    run(loupe, "convert", model, folder, "--force")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    rng, texts = random.Random(1), ["The capital of France is", "<|im_start|>user\nhi<|im_end|>"]
    for _ in range(500):
        kinds = [rng.choice([0x7F, 0x7FF, 0xD7FF, 0x2FFFF]) for _ in range(rng.randint(1, 40))]
        points = [c for c in (rng.randint(1, k) for k in kinds) if not 0xD800 <= c < 0xE000]
        texts.append("".join(map(chr, points)))
    lines = "".join(json.dumps({"text": t}) + "\n" for t in texts).encode()
    for source in (model, folder):
        out = subprocess.run(
            [loupe, "tokenize", "-m", source, "--parse-special", "--jsonl"],
            input=lines, check=True, capture_output=True,
        ).stdout
        found = [json.loads(line)["ids"] for line in out.splitlines()]
        equal = sum(f == tokenizer.encode(t, add_special_tokens=False) for f, t in zip(found, texts))
        check(equal == len(texts), f"{equal} of {len(texts)} texts have AutoTokenizer's ids ({source.name})")
    check(bool(tokenizer.chat_template), "the chat template is kept")
    hf = transformers.AutoModelForCausalLM.from_pretrained(folder).float().eval()
    ids = tokenizer.encode("The capital of France is")
    with torch.no_grad():
        logits = hf(torch.tensor([ids])).logits[0].numpy()
        text = tokenizer.decode(
            hf.generate(torch.tensor([ids]), do_sample=False, max_new_tokens=30)[0, len(ids):]
        )
    worst = float(np.abs(our_logits(model, ids) - logits).max())
    check(worst <= 2e-3, f"transformers' logits differ from ours on the file by {worst:g}")
    print("  transformers:", json.dumps(text))
    for kind in ("F16", "Q8_0"):
        file = work / f"real-{kind}.gguf"
        run(loupe, "convert", folder, file, "--type", kind, "--force")
        prompt = "The capital of France is"
        ours = run(loupe, "generate", prompt, "-m", file, "-n", 30, "--temperature", 0).decode()
        print(f"  {kind}:", json.dumps(ours))
        if completion:
            theirs = run(
                completion, "-m", file, "-p", prompt, "-n", 30, "--temp", 0, "-no-cnv",
                "--no-display-prompt", "--no-warmup",
            ).decode()
            theirs = theirs.replace(" [end of text]", "")
            check(ours.strip() == theirs.strip(), f"llama.cpp: {json.dumps(theirs)}")


for folder in sorted(families.iterdir()):
    if (folder / "expected.json").exists():
        there_and_back(folder)
if len(sys.argv) > 4:
    real(pathlib.Path(sys.argv[4]), sys.argv[5] if len(sys.argv) > 5 else None)
print(f"{len(broken)} broken")
sys.exit(bool(broken))
