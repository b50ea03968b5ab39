"""Make a model folder with weights in 8 or 4 bits out of an installed one.

Run as a process of its own (``python -P -m assistant.weights.quantise --bits 4 … SOURCE DEST``), like the converter and
with the same JSON lines on stdout. Which matrices are quantised: the products of each layer and the output layer in
the bits asked for, where the kernels take their shape, else in 8 bits or not at all; the embedding in 8.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from assistant.engine.fast.linear import possible_bits
from assistant.engine.fast.load import weight_files
from assistant.engine.fast.quantised import GROUPS, METHODS, PARTS, Method, quantise
from assistant.engine.fast.shape import read_shape
from assistant.engine.memory import trim
from assistant.errors import ModelError
from assistant.weights.convert import Converted, run_job

_EMBEDDING = "model.embed_tokens.weight"
_HEAD = "lm_head.weight"


def quantise_folder(
    source: Path, folder: Path, bits: Literal[8, 4], group: int, method: Method, report: Callable[[int, int], None]
) -> Converted:
    """Fill ``folder`` with the quantised weights of ``source`` and copies of its other files' settings.

    ``report`` gets done and total in bytes of the source. Raises ModelError for a model that the packed kernels cannot
    run, or where torchao is missing for ``hqq``; OSError where the disk refuses.
    """
    config = json.loads((source / "config.json").read_text(encoding="utf-8"))
    record = json.loads((source / "model.json").read_text(encoding="utf-8"))
    shape = read_shape(config)
    if isinstance(shape, str):
        raise ModelError(f"This model cannot be quantised: {shape}.")
    files = weight_files(source)
    total = sum(file.stat().st_size for file in files)
    done = 0
    where: dict[str, str] = {}
    for number, file in enumerate(files):
        name = f"model-{number + 1:05}-of-{len(files):05}.safetensors" if len(files) > 1 else "model.safetensors"
        made: dict[str, torch.Tensor] = {}
        with safe_open(file, framework="pt") as opened:
            for key in opened.keys():  # noqa: SIM118  (not a mapping)
                tensor = opened.get_tensor(key)
                for target, wanted in _targets(key, bits, tied=shape.tied):
                    made |= _quantised(target, tensor, wanted, group, method)
                done += tensor.nbytes
                trim()
                report(min(done, total), total)
        save_file(made, folder / name, metadata={"format": "pt"})
        where |= dict.fromkeys(made, name)
    report(total, total)
    if len(files) > 1:
        index = json.dumps({"metadata": {}, "weight_map": where})
        (folder / "model.safetensors.index.json").write_text(index, encoding="utf-8")
    return Converted(int(record["parameters"]), int(record["context_length"]), str(config["model_type"]), False, ())


def _targets(key: str, bits: Literal[8, 4], *, tied: bool) -> list[tuple[str, Literal[16, 8, 4]]]:
    """Return as what a tensor is kept: its name and bits; a tied embedding serves both ends in different bits."""
    if key == _EMBEDDING:
        return [(key, 8), (_HEAD, bits)] if tied else [(key, 8)]
    if key == _HEAD and tied:
        return []
    product = key.endswith(("_proj.weight", "c_fc.weight", "lm_head.weight"))
    return [(key, bits if product else 16)]


def _quantised(
    name: str, tensor: torch.Tensor, wanted: Literal[16, 8, 4], group: int, method: Method
) -> dict[str, torch.Tensor]:
    bits = possible_bits(tensor.shape, wanted, group, lean=True) if wanted != 16 and tensor.ndim == 2 else 16
    if bits == 16:
        return {name: tensor.clone()}
    matrix = quantise(tensor, bits, group, method)
    parts = zip(PARTS, (matrix.values, matrix.scales, matrix.zeros), strict=True)
    return {f"{name}.{part}": made for part, made in parts if made is not None}


def main(arguments: list[str]) -> int:
    """Quantise and print JSON lines; see ``assistant.weights.convert.main``."""
    parser = argparse.ArgumentParser(prog="python -P -m assistant.weights.quantise")
    parser.add_argument("--bits", type=int, choices=(8, 4), required=True)
    parser.add_argument("--group", type=int, choices=GROUPS, default=GROUPS[0])
    parser.add_argument("--method", choices=METHODS, default=METHODS[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("folder", type=Path)
    args = parser.parse_args(arguments)

    def job(report: Callable[[int, int], None]) -> dict[str, Any]:
        args.folder.mkdir(parents=True, exist_ok=True)
        return asdict(quantise_folder(args.source, args.folder, args.bits, args.group, args.method, report))

    return run_job(job, "quantis")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
