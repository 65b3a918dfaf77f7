#!/usr/bin/env python3
"""Makes oracle.json: what passes through tiny models of each family, and through SmolLM2, as Hugging
Face transformers computes it in double precision; and what changes when something inside is changed.

    pip install torch transformers safetensors gguf numpy
    python make_oracle.py FIXTURES/families SmolLM2-135M-Instruct.Q4_1.gguf oracle.json

The models are those of the fixtures with the second of their prompts. Of long axes every STRIDE-th
number is kept. Everything is read with hooks on the modules of transformers; nothing of it knows Loupe.
"""
import json
import pathlib
import sys

import torch
from transformers import AutoModelForCausalLM

STRIDE = 16


class Parts:
    """Where the parts of a model are."""

    def __init__(self, model):
        kind = model.config.model_type
        self.kind = kind
        self.model = model
        config = model.config
        self.heads = config.num_attention_heads
        self.kv_heads = getattr(config, "num_key_value_heads", None) or self.heads
        if kind == "gpt2":
            self.layers = model.transformer.h
            self.final = model.transformer.ln_f
            self.attn = [b.attn for b in self.layers]
            self.out = [b.attn.c_proj for b in self.layers]
            self.down = [b.mlp.c_proj for b in self.layers]
        elif kind == "gpt_neox":
            self.layers = model.gpt_neox.layers
            self.final = model.gpt_neox.final_layer_norm
            self.attn = [b.attention for b in self.layers]
            self.out = [b.attention.dense for b in self.layers]
            self.down = [b.mlp.dense_4h_to_h for b in self.layers]
        else:
            self.layers = model.model.layers
            self.final = model.model.norm
            self.attn = [b.self_attn for b in self.layers]
            self.out = [b.self_attn.o_proj for b in self.layers]
            self.down = [b.mlp.down_proj for b in self.layers]
        self.attn_out = self.out
        self.mlp_out = self.down
        if kind == "gemma3_text":
            self.attn_out = [b.post_attention_layernorm for b in self.layers]
            self.mlp_out = [b.post_feedforward_layernorm for b in self.layers]
        self.head_dim = self.out_weight(0).shape[1] // self.heads

    def out_weight(self, layer):
        """[nEmbd, nHead * headDim]"""
        w = self.out[layer].weight
        return w.T if self.kind == "gpt2" else w

    def qkv_modules(self, layer):
        a = self.attn[layer]
        if self.kind == "gpt2":
            return [a.c_attn]
        if self.kind == "gpt_neox":
            return [a.query_key_value]
        return [a.q_proj, a.k_proj, a.v_proj]

    def qkv(self, outputs):
        if self.kind == "gpt2":
            return outputs[0].chunk(3, dim=-1)
        if self.kind == "gpt_neox":
            t = outputs[0].shape[0]
            return [p.reshape(t, -1) for p in
                    outputs[0].reshape(t, self.heads, 3, self.head_dim).unbind(2)]
        return outputs


def first(output):
    return output[0] if isinstance(output, tuple) else output


def run(parts, ids, edits=()):
    """All that passes, [token, ...] each. An edit is (module, when, function)."""
    seen, handles = {}, []

    def keep_out(name):
        def hook(module, args, output):
            seen.setdefault(name, first(output)[0].detach())
        return hook

    def keep_in(name):
        def hook(module, args, kwargs):
            x = args[0] if args else kwargs["hidden_states"]
            seen.setdefault(name, x[0].detach())
        return hook

    def changed_out(change):
        def hook(module, args, output):
            y = change(first(output))
            return (y,) + tuple(output[1:]) if isinstance(output, tuple) else y
        return hook

    def changed_in(change):
        def hook(module, args, kwargs):
            if args:
                return (change(args[0]),) + tuple(args[1:]), kwargs
            return args, {**kwargs, "hidden_states": change(kwargs["hidden_states"])}
        return hook

    def changed_mask(change):
        def hook(module, args, kwargs):
            return args, {**kwargs, "attention_mask": change(kwargs["attention_mask"])}
        return hook

    for module, when, change in edits:
        if when == "out":
            handles.append(module.register_forward_hook(changed_out(change)))
        elif when == "in":
            handles.append(module.register_forward_pre_hook(changed_in(change), with_kwargs=True))
        else:
            handles.append(module.register_forward_pre_hook(changed_mask(change), with_kwargs=True))
    for i, block in enumerate(parts.layers):
        handles.append(block.register_forward_pre_hook(keep_in(f"resid_pre.{i}"), with_kwargs=True))
        handles.append(parts.out[i].register_forward_pre_hook(keep_in(f"z.{i}"), with_kwargs=True))
        handles.append(parts.down[i].register_forward_pre_hook(keep_in(f"post.{i}"), with_kwargs=True))
        handles.append(parts.attn_out[i].register_forward_hook(keep_out(f"attn_out.{i}")))
        handles.append(parts.out[i].register_forward_hook(keep_out(f"attn_raw.{i}")))
        handles.append(parts.mlp_out[i].register_forward_hook(keep_out(f"mlp_out.{i}")))
        for j, module in enumerate(parts.qkv_modules(i)):
            handles.append(module.register_forward_hook(keep_out(f"qkv.{i}.{j}")))
    handles.append(parts.final.register_forward_pre_hook(keep_in("last"), with_kwargs=True))
    handles.append(parts.final.register_forward_hook(keep_out("final")))
    with torch.no_grad():
        result = parts.model(torch.tensor([ids]), output_attentions=True)
    for handle in handles:
        handle.remove()
    seen["logits"] = result.logits[0]
    seen["attentions"] = [a[0] for a in result.attentions]
    return seen


def rounded(x):
    if isinstance(x, torch.Tensor):
        x = x.tolist()
    if isinstance(x, list):
        return [rounded(y) for y in x]
    return float(f"{x:.8g}")


def attribution(parts, seen, target):
    """Of one logit at the last position: what each head and each MLP adds, with the norms' divisors held."""
    model = parts.model
    x = seen["last"][-1]
    unembedding = model.get_output_embeddings()
    u = unembedding.weight[target]

    def through(norm, at, v):
        # a norm with its mean and divisor held is linear: its Jacobian with those detached
        layer = "LayerNorm" in type(norm).__name__
        eps = getattr(norm, "eps", None) or getattr(norm, "variance_epsilon", None)
        w = norm.weight + 1 if parts.kind == "gemma3_text" else norm.weight
        centred = v - v.mean() if layer else v
        base = at - at.mean() if layer else at
        return centred / torch.sqrt((base ** 2).mean() + eps) * w

    def share(v):
        return float(u @ through(parts.final, x, v))

    heads, mlps = [], []
    for i in range(len(parts.layers)):
        z = seen[f"z.{i}"][-1]
        w = parts.out_weight(i)
        row = []
        for h in range(parts.heads):
            cut = slice(h * parts.head_dim, (h + 1) * parts.head_dim)
            v = w[:, cut] @ z[cut]
            if parts.kind == "gemma3_text":
                v = through(parts.attn_out[i], seen[f"attn_raw.{i}"][-1], v)
            row.append(share(v))
        heads.append(row)
        mlps.append(share(seen[f"mlp_out.{i}"][-1]))
    return {"target": target, "logit": float(seen["logits"][-1, target]), "heads": heads, "mlps": mlps}


def kl(a, b):
    p = torch.log_softmax(a, -1)
    return float((p.exp() * (p - torch.log_softmax(b, -1))).sum())


def steering(n):
    return torch.tensor([((i * 7) % 13 - 6) / 6 for i in range(n)], dtype=torch.float64)


def interventions(parts, ids, seen):
    layer, head, n = 1, 2, len(ids)
    d = parts.head_dim
    z = seen[f"z.{layer}"]

    def zero_head(x):
        x = x.clone()
        x[..., head * d:(head + 1) * d] = 0
        return x

    def mean_head(x):
        x = x.clone()
        cut = slice(head * d, (head + 1) * d)
        x[..., cut] = z[:, cut].mean(0)
        return x

    def half_neurons(x):
        x = x.clone()
        x[..., 3:20] *= 0.5
        return x

    def steer(x):
        x = x.clone()
        x[:, 3] += 2 * steering(x.shape[-1])
        return x

    other = list(reversed(ids))
    patch_from = run(parts, other)[f"resid_pre.{layer}"]

    def patch(x):
        x = x.clone()
        x[:, 4] = patch_from[4]
        return x

    def edge(mask):
        if mask is None:
            mask = torch.zeros(1, 1, n, n, dtype=torch.float64)
            mask.masked_fill_(torch.triu(torch.ones(n, n, dtype=torch.bool), 1), torch.finfo(torch.float64).min)
        mask = mask.clone()
        mask[..., n - 1, n - 2] = torch.finfo(mask.dtype).min
        return mask

    block = parts.layers[layer]
    edits = {
        "zero_head": (parts.out[layer], "in", zero_head),
        "mean_head": (parts.out[layer], "in", mean_head),
        "half_neurons": (parts.down[layer], "in", half_neurons),
        "steer": (block, "in", steer),
        "patch": (block, "in", patch),
        "edge": (parts.attn[layer], "mask", edge),
    }
    found = {}
    for name, edit in edits.items():
        logits = run(parts, ids, [edit])["logits"]
        found[name] = {"kl": kl(seen["logits"][-1], logits[-1]),
                       "logits": rounded(logits[-1, ::STRIDE])}
    return found


def measure(model, ids, stride):
    parts = Parts(model)
    seen = run(parts, ids)
    result = {"ids": ids, "stride": stride}

    def cut(x):
        return rounded(x[:, ::stride])

    n = len(parts.layers)
    result["hook_resid_pre"] = [cut(seen[f"resid_pre.{i}"]) for i in range(n)]
    for ours, name in (("attn.hook_z", "z"), ("hook_attn_out", "attn_out"),
                       ("hook_mlp_out", "mlp_out"), ("mlp.hook_post", "post")):
        result[ours] = [cut(seen[f"{name}.{i}"]) for i in range(n)]
    for j, ours in enumerate(("attn.hook_q", "attn.hook_k", "attn.hook_v")):
        result[ours] = []
        for i in range(n):
            outputs = [seen[f"qkv.{i}.{k}"] for k in range(len(parts.qkv_modules(i)))]
            result[ours].append(cut(parts.qkv(outputs)[j]))
    result["last_resid_post"] = cut(seen["last"])
    result["ln_final"] = cut(seen["final"])
    result["attn.hook_pattern"] = [rounded(a) for a in seen["attentions"]]

    with torch.no_grad():
        lens = [seen[f"resid_pre.{i}"] for i in range(n)] + [seen["last"]]
        logits = [model.get_output_embeddings()(parts.final(x)) for x in lens]
    result["lens"] = {
        "top": [l.argmax(-1).tolist() for l in logits],
        "logit": [rounded(l.max(-1).values) for l in logits],
        "probability": [rounded(torch.softmax(l, -1).max(-1).values) for l in logits],
    }
    with torch.no_grad():
        result["attribution"] = attribution(parts, seen, int(seen["logits"][-1].argmax()))
    result["interventions"] = interventions(parts, ids, seen)
    return result


def main():
    families, gguf, out = (pathlib.Path(a) for a in sys.argv[1:4])
    result = {}
    for folder in sorted(families.iterdir()):
        ids = json.loads((folder / "expected.json").read_text())["cases"][1]["ids"]
        model = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float64, attn_implementation="eager").eval()
        result[folder.name] = measure(model, ids, STRIDE)
        print(folder.name, result[folder.name]["interventions"]["edge"]["kl"], flush=True)
    model = AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, attn_implementation="eager").double().eval()
    result["smollm2"] = measure(model, [504, 3575, 282, 4649, 314], 96)
    out.write_text("{\n" + ",\n".join(
        f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in result.items()) + "\n}\n")


main()
