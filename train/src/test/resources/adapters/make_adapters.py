"""Adapters that PEFT wrote over tiny models, what transformers computes with them, and how they train.

python3 make_adapters.py FIXTURES, where FIXTURES/families has the models. For each of some families it
writes FAMILY/adapter_config.json and FAMILY/adapter_model.safetensors with random numbers, and
FAMILY/expected.json: the logits of some ids, two examples (the token behind each one that is read, -1 where
nothing is to be learned), and the loss before each of six steps of AdamW at a rate of 1e-2.
Made with torch 2.15, transformers 5.24 and peft 0.21 on the CPU.
"""
import json
import pathlib
import sys

import peft
import torch
import transformers

TARGETS = {
    "gpt2": ["attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj"],
    "gpt-neox": ["attention.query_key_value", "attention.dense", "mlp.dense_h_to_4h", "mlp.dense_4h_to_h"],
    "llama-tied": ["q_proj", "v_proj", "up_proj"],
    "gemma3": ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
}


def main():
    fixtures = pathlib.Path(sys.argv[1]) / "families"
    for family, targets in TARGETS.items():
        torch.manual_seed(7)
        base = transformers.AutoModelForCausalLM.from_pretrained(
            fixtures / family, dtype=torch.float32, attn_implementation="eager")
        config = peft.LoraConfig(
            r=2, lora_alpha=6, target_modules=targets, task_type="CAUSAL_LM",
            fan_in_fan_out=family == "gpt2")
        model = peft.get_peft_model(base, config)
        with torch.no_grad():
            for name, p in model.named_parameters():
                if p.requires_grad:
                    p.normal_(0, 0.1)
        model.eval()
        out = pathlib.Path(__file__).parent / family
        model.save_pretrained(out, save_embedding_layers=False)
        (out / "README.md").unlink(missing_ok=True)
        saved = json.loads((out / "adapter_config.json").read_text())
        saved["base_model_name_or_path"] = family
        (out / "adapter_config.json").write_text(json.dumps(saved, indent=2) + "\n")

        vocab = base.config.vocab_size
        ids = torch.randint(3, vocab, (5,))
        with torch.no_grad():
            logits = model(ids[None]).logits[0]
        examples = []
        for n, answer in ((12, 5), (7, 4)):
            whole = torch.randint(3, vocab, (n + 1,)).tolist()
            examples.append(dict(ids=whole[:-1], next=[-1] * (n - answer) + whole[n + 1 - answer:]))
        asked = sum(t >= 0 for e in examples for t in e["next"])
        adam = torch.optim.AdamW(
            [p for p in model.parameters() if p.requires_grad], lr=1e-2, betas=(0.9, 0.999), eps=1e-8, weight_decay=0)
        losses = []
        for _ in range(6):
            adam.zero_grad()
            loss = 0
            for e in examples:
                out_logits = model(torch.tensor([e["ids"]])).logits[0]
                loss = loss + torch.nn.functional.cross_entropy(
                    out_logits, torch.tensor(e["next"]), ignore_index=-1, reduction="sum") / asked
            loss.backward()
            adam.step()
            losses.append(loss.item())
        expected = dict(
            ids=ids.tolist(), logits=[[round(x, 6) for x in row] for row in logits.tolist()],
            examples=examples, losses=losses)
        (out / "expected.json").write_text(json.dumps(expected) + "\n")
        print(family, losses)


main()
