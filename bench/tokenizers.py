"""Encodes a text with Loupe and with the Python package `tokenizers`, one thread each, one run.

    mvn -q -pl files -am test-compile
    pip install tokenizers gguf
    python bench/tokenizers.py MODEL.gguf TEXT      (JAVA: the java to use)

The model is one with the pre-tokenizer `smollm`, such as SmolLM2-135M-Instruct.
"""

import os
import pathlib
import subprocess
import sys
import time

os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
sys.path = [p for p in sys.path if pathlib.Path(p or ".").resolve() != pathlib.Path(__file__).resolve().parent]

import gguf  # noqa: E402
from tokenizers import Tokenizer, models, pre_tokenizers  # noqa: E402


def python(model, text):
    fields = gguf.GGUFReader(model).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    merges = [tuple(m.split(" ")) for m in fields["tokenizer.ggml.merges"].contents()]
    t = Tokenizer(models.BPE(vocab={s: i for i, s in enumerate(tokens)}, merges=merges))
    t.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    best = 1e9
    for _ in range(5):
        start = time.perf_counter()
        count = len(t.encode(text).ids)
        best = min(best, time.perf_counter() - start)
    print(f"tokenizers (Python)    {best * 1e3:7.1f} ms  {len(text.encode()) / best / 1e6:6.1f} MB/s  {count} tokens")


root = pathlib.Path(__file__).resolve().parent.parent
model, text = sys.argv[1:3]
python(model, pathlib.Path(text).read_text(encoding="utf-8"))
modules = ("tokens", "kernels", "model", "files")
path = os.pathsep.join(
    [str(root / m / "target/classes") for m in modules] + [str(root / "files/target/test-classes")]
)
java = os.environ.get("JAVA", "java")
subprocess.run(
    [java, "--add-modules=jdk.incubator.vector", "-XX:+UseSerialGC", "-cp", path,
     "dev.loupe.files.TokenizerBenchmark", model, text],
    check=True,
)
