"""Tokens a second of each path on this machine's processor, with the installed default model: ``make bench-engine``.

One after the other in one process: a prompt of 512 tokens read three times (the best counts), then 40 tokens written
one by one (the median counts).
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

from assistant.config import DEFAULT_MODEL, find_paths
from assistant.engine.decoding.decoder import Decoder
from assistant.engine.decoding.transformers_decoder import TransformersDecoder
from assistant.engine.device import choose_dtype
from assistant.engine.local.load import load_engine

PROMPT = torch.randint(1000, 50000, (512,), generator=torch.Generator().manual_seed(0)).tolist()
WRITTEN = 40


def main() -> int:
    """Print a line for each path; return the exit status."""
    folder = find_paths().models / DEFAULT_MODEL
    if not (folder / "model.json").exists():
        print("bench: the default model is not installed; run 'make model'.", file=sys.stderr)
        return 1
    dtype = choose_dtype(torch.device("cpu"))
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, local_files_only=True).eval()
    show("transformers", TransformersDecoder(model))
    del model
    for bits in (16, 8, 4):
        show(f"ours, {bits} bits", decoder_of(folder, bits))
    return 0


def decoder_of(folder: Path, bits: int) -> Decoder:
    """Return the decoder of a loaded engine."""
    return load_engine(folder, "cpu", bits=bits)._decoder


def show(name: str, decoder: Decoder) -> None:
    """Measure a decoder and print its figures."""
    reading: list[float] = []
    for _ in range(3):
        cache = decoder.new_cache()
        begin = time.perf_counter()
        logits = decoder.read(PROMPT, cache)
        reading.append(time.perf_counter() - begin)
    token, writing = int(logits.argmax()), []
    for _ in range(WRITTEN):
        begin = time.perf_counter()
        token = int(decoder.next([token], cache)[0].argmax())
        writing.append(time.perf_counter() - begin)
    read, written = len(PROMPT) / min(reading), 1 / statistics.median(writing)
    print(f"{name:16} reading {read:6.0f} tokens/s   writing {written:6.1f} tokens/s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
