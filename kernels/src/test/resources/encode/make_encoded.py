"""Makes the files beside it: numbers.f32, and the bytes that ggml stores them as for each type.

    python make_encoded.py LIBGGML

LIBGGML is ggml's shared library (libggml-base.so of llama.cpp), whose ggml_quantize_chunk is asked;
for the types that the Python package gguf can write as well, both have to agree.
"""
import ctypes
import pathlib
import sys

import gguf
import numpy as np

HERE = pathlib.Path(__file__).parent
ROW = 256
rng = np.random.default_rng(7)


def rows():
    yield np.zeros(ROW)
    yield np.full(ROW, 0.25)
    yield np.full(ROW, -0.25)
    yield rng.normal(0, 0.02, ROW) * (rng.random(ROW) < 0.1)  # mostly zeros
    yield np.where(np.arange(ROW) == 77, 3.0, rng.normal(0, 0.02, ROW))  # one outlier
    yield rng.normal(0, 1e-9, ROW)  # too small for a half
    yield np.abs(rng.normal(0, 1, ROW))
    yield -np.abs(rng.normal(0, 1, ROW))
    for _ in range(12):
        yield rng.normal(0, 0.05, ROW)
    for _ in range(12):
        yield rng.standard_t(4, ROW) * 0.03  # heavy tails, as trained weights have them


numbers = np.array(list(rows()), dtype="<f4")
(HERE / "numbers.f32").write_bytes(numbers.tobytes())

ggml = ctypes.CDLL(sys.argv[1])
ggml.ggml_quantize_chunk.restype = ctypes.c_size_t
ggml.ggml_quantize_chunk.argtypes = [
    ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p,
    ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p]
for name in "F16 BF16 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q4_K Q5_K Q6_K".split():
    kind = gguf.GGMLQuantizationType[name]
    block, size = gguf.GGML_QUANT_SIZES[kind]
    stored = np.zeros(numbers.size // block * size, dtype=np.uint8)
    ggml.ggml_quantize_chunk(kind.value, numbers.ctypes.data, stored.ctypes.data, 0, len(numbers), ROW, None)
    try:
        same = gguf.quants.quantize(numbers, kind).view(np.uint8).reshape(-1)
        print(name, "bytes that differ between ggml and gguf:", int((same != stored).sum()))
        stored = same
    except NotImplementedError:
        print(name, "by ggml alone")
    (HERE / f"{name}.bin").write_bytes(stored.tobytes())
