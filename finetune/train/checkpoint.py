"""Checkpoints: adapter, optimizer and where the run stands, in safetensors and JSON; whole, or not there at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from assistant.system.files import write_folder
from finetune.old_names import STATE, renamed

_KEPT = 2
_ADAPTER, _CONFIG, _OPTIMIZER, _STATE = (
    "adapter_model.safetensors",
    "adapter_config.json",
    "optimizer.safetensors",
    "state.json",
)


@dataclass(frozen=True, slots=True)
class State:
    """Where a run stands after ``step`` steps.

    ``rows`` rows of the data order were read, ``tokens`` tokens; ``seconds`` went by; ``best`` is the least validation
    loss so far (None: none taken), at ``best_step``; ``evaluations`` counts those since without a better one, and
    ``evaluated_at`` is the step of the latest. Randomness
    follows from seed and step, so nothing has to be kept of it. ``versions`` are those of the libraries.
    """

    step: int = 0
    rows: int = 0
    tokens: int = 0
    seconds: float = 0.0
    best: float | None = None
    best_step: int = 0
    evaluations: int = 0
    evaluated_at: int = -1
    loss_scale: float = 1.0
    versions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """What a checkpoint holds: tensors by name, and the state."""

    adapter: dict[str, torch.Tensor]
    optimizer: dict[str, torch.Tensor]
    state: State


def keep(
    run: Path,
    adapter: Mapping[str, torch.Tensor],
    adapter_config: Mapping[str, Any],
    optimizer: Mapping[str, torch.Tensor],
    state: State,
) -> Path:
    """Write checkpoints/step-<step>, remove all but the last two, and return the folder. Raises OSError.

    ``adapter`` and ``optimizer`` are tensors by name, shapes as in ``adapter_tensors`` and ``flatten_state``.
    """
    folder = run / "checkpoints" / f"step-{state.step:06d}"
    write_folder(
        folder,
        {
            _ADAPTER: save(dict(adapter), {"format": "pt"}),
            _CONFIG: _json(adapter_config),
            _OPTIMIZER: save(dict(optimizer), {"format": "pt"}),
            _STATE: _json(asdict(state)),
        },
        alone=True,
    )
    for old in _folders(run)[_KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
    return folder


def keep_adapter(folder: Path, adapter: Mapping[str, torch.Tensor], adapter_config: Mapping[str, Any]) -> None:
    """Write peft's two files into ``folder``, in place of what was there. Raises OSError.

    ``adapter`` holds matrices by peft's names, with the shapes of ``adapter_tensors``.
    """
    write_folder(folder, {_ADAPTER: save(dict(adapter), {"format": "pt"}), _CONFIG: _json(adapter_config)}, alone=True)


def newest(run: Path) -> Kept | None:
    """Return the newest checkpoint that can be read; None where there is none."""
    for folder in _folders(run):
        try:
            table: dict[str, Any] = renamed(json.loads((folder / _STATE).read_text(encoding="utf-8")), STATE)
            table["versions"] = tuple(table["versions"])
            state = State(**table)
            return Kept(load_file(folder / _ADAPTER), load_file(folder / _OPTIMIZER), state)
        except (OSError, ValueError, TypeError, KeyError, SafetensorError):
            continue
    return None


def read_adapter(folder: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of an adapter's folder, with the shapes that were kept. Raises OSError or SafetensorError."""
    return load_file(folder / _ADAPTER)


def _folders(run: Path) -> list[Path]:
    """Return the checkpoints, the newest first."""
    found = [f for f in (run / "checkpoints").glob("step-*") if f.name.removeprefix("step-").isdecimal()]
    return sorted(found, key=lambda folder: int(folder.name.removeprefix("step-")), reverse=True)


def _json(table: Mapping[str, Any]) -> bytes:
    return (json.dumps(dict(table), indent=1) + "\n").encode()
