"""Read a model folder's safetensors straight into the fast path, without building transformers' model first."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import safe_open

from assistant.config import Bits
from assistant.engine.fast.model import FastModel
from assistant.engine.fast.packing import MissingWeightError
from assistant.engine.fast.quantised import PARTS, Quantised
from assistant.engine.fast.shape import Shape
from assistant.engine.memory import trim

GROUP = 32
"""Inputs that share a scale in 4-bit weights."""


def load_fast(
    folder: Path,
    shape: Shape,
    dtype: torch.dtype,
    bits: Bits,
    progress: Callable[[float], None],
    *,
    group: int = GROUP,
    lean: bool = False,
    integer: bool = False,
) -> FastModel:
    """Return the model in ``folder``; see FastModel.

    Raises MissingWeightError, OSError, SafetensorError or ValueError where it is not whole.
    """
    places: dict[str, Path] = {}
    for file in weight_files(folder):
        with safe_open(file, framework="pt") as opened:
            places.update(dict.fromkeys(opened.keys(), file))

    def tensor(name: str) -> torch.Tensor:
        # The file is opened anew for each: else all of it would stay mapped, beside the joined weights.
        with safe_open(places[name], framework="pt") as opened:
            return opened.get_tensor(name)

    def read(name: str) -> torch.Tensor | Quantised | None:
        if name in places:
            return tensor(name)
        parts = [f"{name}.{part}" for part in PARTS]
        if parts[0] not in places:
            return None
        if parts[1] not in places:
            raise MissingWeightError(parts[1])
        matrix = Quantised(*(tensor(part) for part in parts if part in places))
        matrix.check(name)
        return matrix

    def tell(share: float) -> None:
        trim()  # after each layer: what it left behind would add up
        progress(share)

    return FastModel(shape, read, dtype, bits, group, tell, lean=lean, integer=integer)


def weight_files(folder: Path) -> list[Path]:
    """Return the file, or the files that the index names."""
    index = folder / "model.safetensors.index.json"
    if index.exists():
        names = json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()
        return [folder / Path(name).name for name in sorted(set(names))]
    return [folder / "model.safetensors"]
