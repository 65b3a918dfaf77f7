"""Makes MODEL.types beside it: which type llama-quantize gives each tensor of a model, mix by mix.

    python make_mixes.py LLAMA_QUANTIZE SMOLLM2.gguf

The first line lists the tensors, each further one a mix and a type per tensor. "wide" is a made-up
model whose rows are whole blocks of 256, with an unembedding of its own; "fused" has tied
embeddings and queries, keys and values in one matrix.
"""
import pathlib
import subprocess
import sys
import tempfile

import gguf
import numpy as np

HERE = pathlib.Path(__file__).parent
MIXES = "F32 F16 BF16 Q8_0 Q6_K Q5_K_M Q5_K_S Q5_1 Q5_0 Q4_K_M Q4_K_S Q4_1 Q4_0".split()


def made_up(path, arch, layers, width, tensors, per_layer):
    writer = gguf.GGUFWriter(path, arch)
    writer.add_block_count(layers)
    writer.add_context_length(64)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(width)
    writer.add_head_count(4)
    writer.add_head_count_kv(2 if arch == "llama" else 4)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_layer_norm_eps(1e-5)
    writer.add_vocab_size(4)
    names = tensors + [f"blk.{i}.{name}" for i in reversed(range(layers)) for name in per_layer]
    for name in names:
        shape = (width,) if "norm" in name or "bias" in name else (2, width)
        writer.add_tensor(name, np.ones(shape, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def types(path):
    return {t.name: t.tensor_type.name for t in gguf.GGUFReader(path).tensors}


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    made_up(folder / "wide.gguf", "llama", 16, 256, ["token_embd.weight", "output_norm.weight", "output.weight"],
            ["attn_norm.weight", "attn_q.weight", "attn_k.weight", "attn_v.weight", "attn_output.weight",
             "ffn_norm.weight", "ffn_gate.weight", "ffn_up.weight", "ffn_down.weight"])
    made_up(folder / "fused.gguf", "gpt2", 12, 768, ["token_embd.weight", "position_embd.weight", "output_norm.weight"],
            ["attn_norm.weight", "attn_norm.bias", "attn_qkv.weight", "attn_qkv.bias", "attn_output.weight",
             "ffn_norm.weight", "ffn_up.weight", "ffn_down.weight", "ffn_down.bias"])
    for name, model in (("wide", folder / "wide.gguf"), ("fused", folder / "fused.gguf"), ("smollm2", sys.argv[2])):
        names = list(types(model))
        lines = [" ".join(names)]
        for mix in MIXES:
            out = folder / "out.gguf"
            subprocess.run([sys.argv[1], "--allow-requantize", model, out, mix], check=True, capture_output=True)
            of = types(out)
            lines.append(" ".join([mix] + [of[n] for n in names]))
        (HERE / f"{name}.types").write_text("\n".join(lines) + "\n")
