"""Makes small tokenizers of each family, and what the Python package `tokenizers` says of them.

    pip install tokenizers
    python make_tokenizer_fixtures.py OUT_FOLDER TRAINING_TEXT [CASES_PER_FAMILY]
    python make_tokenizer_fixtures.py OUT_FOLDER --gguf MODEL.gguf [CASES]      (needs gguf too)

OUT_FOLDER gets a folder for each family with tokenizer.json, tokenizer_config.json and cases.jsonl.
A case has a text; `plain`, its ids when no special token is looked for; `special`, its ids when they
are looked for and those around a text are added; and `back`, the text of `plain`.
With --gguf there is cases.jsonl alone, from the vocabulary and merges of a byte-level GGUF.
"""

import json
import pathlib
import random
import sys

from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
TAIL = r"\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = rf"{CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{TAIL}"
QWEN2 = LLAMA3.replace("{1,3}", "")
QWEN35 = rf"{CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?[\p{{L}}\p{{M}}]+|\p{{N}}| ?[^\s\p{{L}}\p{{M}}\p{{N}}]+[\r\n]*|{TAIL}"
WORDS = "the The I'm we'LL don't it's cafe\u0301 nai\u0308ve déjà 東京 こんにちは привет שלום ⅷ ²3 1234567 x9 ½".split()
PIECES = WORDS + [
    " ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", " \n ", "\u00a0", "\u3000", "\u2028", "...", "?!", "'", "'ſ",
    "▁", "▁▁", "e\u0301\u0323", "\u1100\u1161\u11a8", "한글", "👩‍👩‍👧", "🇫🇷", "\u200d", "\u0378", "\ufffd",
    "<s>", "</s>", "<|im_end|>", "<|user|>", "word", "aword", "strip", " strip ", "[MASK]", "_", "\U00016ff4",
]


def random_text(rng):
    kind = rng.randrange(4)
    length = rng.randrange(1, 24)
    if kind == 0:
        return "".join(rng.choice(PIECES) for _ in range(length))
    if kind == 1:
        return " ".join(rng.choice(PIECES) for _ in range(length))
    limit = 0x110000 if kind == 2 else 0x500
    points = (rng.randrange(limit) for _ in range(length))
    return "".join(chr(p) for p in points if not 0xD800 <= p <= 0xDFFF)


def byte_level(pre, **options):
    t = Tokenizer(models.BPE(**options))
    t.pre_tokenizer = pre
    t.decoder = decoders.ByteLevel()
    return t, dict(initial_alphabet=pre_tokenizers.ByteLevel.alphabet())


def split_and_bytes(regex):
    return pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(regex), "isolated"), pre_tokenizers.ByteLevel(False, use_regex=False)]
    )


def characters(fallback_bytes=True):
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=fallback_bytes))
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    return t, dict(limit_alphabet=80), steps


def families():
    t, o = byte_level(pre_tokenizers.ByteLevel(add_prefix_space=False))
    t.post_processor = processors.ByteLevel(trim_offsets=False)
    yield "gpt2", t, o, ["<|endoftext|>"], {"eos_token": "<|endoftext|>", "bos_token": "<|endoftext|>"}

    t, o = byte_level(pre_tokenizers.ByteLevel(add_prefix_space=True))
    yield "gpt2-prefix-space", t, o, ["</s>"], {"eos_token": "</s>"}

    t, o = byte_level(
        pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
    )
    yield "smollm", t, o, ["<|im_start|>", "<|im_end|>"], {"eos_token": "<|im_end|>", "bos_token": "<|im_start|>"}

    t, o = byte_level(split_and_bytes(LLAMA3), ignore_merges=True)
    yield "llama3", t, o, ["<s>", "</s>"], {"bos_token": "<s>", "eos_token": "</s>", "template": "bytes"}

    for name, regex in (("qwen2", QWEN2), ("qwen35", QWEN35)):
        t, o = byte_level(split_and_bytes(regex))
        t.normalizer = normalizers.NFC()
        t.post_processor = processors.ByteLevel(trim_offsets=False)
        yield name, t, o, ["<|im_end|>"], {"eos_token": "<|im_end|>"}

    t, o = byte_level(pre_tokenizers.ByteLevel(add_prefix_space=False))
    t.normalizer = normalizers.NFC()
    added = [
        AddedToken("  ", normalized=True, special=False),
        AddedToken("   ", normalized=True, special=False),
        AddedToken("word", single_word=True, special=False, normalized=False),
        AddedToken("strip", lstrip=True, special=False, normalized=True),
        AddedToken("[MASK]", lstrip=True, special=True, normalized=False),
    ]
    yield "neox", t, o, ["<s>"] + added, {"bos_token": "<s>", "eos_token": "<s>"}

    t, o, steps = characters()
    t.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    t.decoder = decoders.Sequence(steps + [decoders.Strip(" ", 1, 0)])
    added = [AddedToken("<|user|>", rstrip=True, special=True), AddedToken("strip", normalized=True, special=False)]
    yield "llama-prepend", t, o, ["<unk>", "<s>", "</s>"] + added, {"bos_token": "<s>", "eos_token": "</s>", "template": "<s>"}

    t, o, steps = characters()
    t.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="first", split=False)
    t.decoder = decoders.Sequence(steps + [decoders.Strip(" ", 1, 0)])
    yield "mistral-metaspace", t, o, ["<unk>", "<s>", "</s>"], {"bos_token": "<s>", "eos_token": "</s>", "template": "<s>"}

    t, o, _ = characters(fallback_bytes=False)
    t.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="always", split=True)
    t.decoder = decoders.Metaspace("▁", prepend_scheme="always", split=True)
    yield "metaspace-split", t, o, ["<unk>"], {}

    t, o, steps = characters()
    t.normalizer = normalizers.Replace(" ", "▁")
    t.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    t.decoder = decoders.Sequence(steps)
    added = [AddedToken("▁▁", normalized=False, special=False), AddedToken("\n\n", normalized=False, special=False)]
    yield "gemma", t, o, ["<unk>", "<s>", "</s>"] + added, {"bos_token": "<s>", "eos_token": "</s>", "template": "<s>"}


def train(t, options, special, corpus):
    plain = [s for s in special if isinstance(s, str)]
    size = len(options.get("initial_alphabet", range(80))) + 90
    fallback = getattr(t.model, "byte_fallback", False)
    tokens = plain + ([f"<0x{b:02X}>" for b in range(256)] if fallback else [])
    options = {**options, "vocab_size": size + len(tokens), "special_tokens": plain, "show_progress": False}
    t.train_from_iterator(corpus, trainers.BpeTrainer(**options))
    if fallback:  # the bytes go behind, where training left off
        state = json.loads(t.to_str())
        vocab = state["model"]["vocab"]
        for b in range(256):
            vocab[f"<0x{b:02X}>"] = len(vocab)
        t = Tokenizer.from_str(json.dumps(state))
    t.add_tokens([s for s in special if not isinstance(s, str)])
    return t


def template(t, config):
    kind = config.pop("template", None)
    if kind is None:
        return
    bos = config["bos_token"]
    after = processors.TemplateProcessing(single=f"{bos} $A", special_tokens=[(bos, t.token_to_id(bos))])
    t.post_processor = (
        processors.Sequence([processors.ByteLevel(trim_offsets=False), after]) if kind == "bytes" else after
    )


def cases(t, rng, count):
    for _ in range(count):
        text = random_text(rng)
        t.encode_special_tokens = True
        plain = t.encode(text, add_special_tokens=False).ids
        t.encode_special_tokens = False
        special = t.encode(text, add_special_tokens=True).ids
        yield {"text": text, "plain": plain, "special": special, "back": t.decode(plain)}


def write(folder, found):
    with open(folder / "cases.jsonl", "w", encoding="utf-8") as out:
        for case in found:
            out.write(json.dumps(case, separators=(",", ":")) + "\n")


def from_gguf(path):
    import gguf

    fields = gguf.GGUFReader(path).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    kinds = fields["tokenizer.ggml.token_type"].contents()
    merges = [tuple(m.split(" ")) for m in fields["tokenizer.ggml.merges"].contents()]
    assert fields["tokenizer.ggml.pre"].contents() == "smollm"
    t, _ = byte_level(
        pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        ),
        vocab={text: i for i, text in enumerate(tokens)},
        merges=merges,
    )
    t.add_special_tokens([AddedToken(s, special=True, normalized=False) for s, k in zip(tokens, kinds) if k == 3])
    return t


def main():
    out = pathlib.Path(sys.argv[1])
    rng = random.Random(20)
    if sys.argv[2] == "--gguf":
        out.mkdir(parents=True, exist_ok=True)
        write(out, cases(from_gguf(sys.argv[3]), rng, int(sys.argv[4]) if len(sys.argv) > 4 else 10_000))
        return
    corpus = pathlib.Path(sys.argv[2]).read_text(encoding="utf-8")[:60_000].splitlines() + WORDS * 3
    for name, t, options, special, config in families():
        t = train(t, options, special, corpus)
        template(t, config)
        folder = out / name
        folder.mkdir(parents=True, exist_ok=True)
        state = json.loads(t.to_str())
        (folder / "tokenizer.json").write_text(
            json.dumps(state, ensure_ascii=False, separators=(",", ":")), encoding="utf-8"
        )
        (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
        write(folder, cases(t, rng, int(sys.argv[3]) if len(sys.argv) > 3 else 20))


main()
