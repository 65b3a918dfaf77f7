"""Tokens a second of a forward and a backward pass in PyTorch, as TrainingSpeed measures them in Loupe.

    python training.py THREADS SECONDS SHAPE
"""
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

SHAPES = {  # layers, heads, width, vocabulary, context, batch
    "4x128": (4, 4, 128, 65, 64, 12),
    "6x384": (6, 6, 384, 65, 256, 16),
    "12x768": (12, 12, 768, 50257, 512, 2),
}


class Block(nn.Module):
    def __init__(self, heads, width):
        super().__init__()
        self.heads = heads
        self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        b, t, c = x.shape
        q, k, v = self.qkv(self.ln1(x)).view(b, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        z = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(z.transpose(1, 2).reshape(b, t, c))
        return x + self.down(F.gelu(self.up(self.ln2(x)), approximate="tanh"))


class Gpt(nn.Module):
    def __init__(self, layers, heads, width, vocabulary, context):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.blocks = nn.ModuleList(Block(heads, width) for _ in range(layers))
        self.ln = nn.LayerNorm(width)
        nn.init.normal_(self.wte.weight, std=0.02)

    def loss(self, ids, targets):
        x = self.wte(ids) + self.wpe.weight[: ids.shape[1]]
        for block in self.blocks:
            x = block(x)
        logits = F.linear(self.ln(x), self.wte.weight)
        return F.cross_entropy(logits.view(-1, logits.shape[-1]), targets.view(-1))


def main():
    torch.set_num_threads(int(sys.argv[1]))
    seconds = float(sys.argv[2])
    layers, heads, width, vocabulary, context, batch = SHAPES[sys.argv[3]]
    model = Gpt(layers, heads, width, vocabulary, context)
    times, start = [], time.perf_counter()
    while time.perf_counter() < start + 2 * seconds or len(times) < 3:
        ids = torch.randint(vocabulary, (2, batch, context))
        before = time.perf_counter()
        model.zero_grad(set_to_none=True)
        model.loss(ids[0], ids[1]).backward()
        if before > start + seconds:
            times.append(time.perf_counter() - before)
    print(f"{batch * context / sorted(times)[len(times) // 2]:.1f}")


main()
