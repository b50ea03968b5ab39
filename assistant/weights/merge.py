"""Make a model folder whose weights hold an adapter: for other programs, which then need to know nothing of it.

Run as a process of its own (``python -P -m assistant.weights.merge --scale S --adapter A BASE FOLDER``), like the
converter
and with the same JSON lines on stdout.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from assistant.engine.fast.load import weight_files
from assistant.engine.local.lowrank import read_changes
from assistant.engine.memory import trim
from assistant.errors import ModelError
from assistant.models.adapter_format import base_shapes, check_fits, read_adapter_files
from assistant.weights.convert import Converted, run_job

_OWN = frozenset({"model.json", "model.safetensors.index.json"})


def merge_folder(
    base: Path, adapter: Path, scale: float, folder: Path, report: Callable[[int, int], None]
) -> Converted:
    """Fill ``folder`` with the weights of ``base`` changed by ``adapter`` at a scale, and the base's other files.

    ``report`` gets done and total in bytes of the base. Weights are bf16, as in the base. Raises ModelError for a base
    that is quantised or an adapter that does not fit, OSError where the disk refuses.
    """
    record = json.loads((base / "model.json").read_text(encoding="utf-8"))
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    if quantisation := record.get("quantisation"):
        raise ModelError(f"{record['id']} is quantised; merge into the model it was made of, {quantisation['base']}.")
    check_fits(read_adapter_files(adapter), base_shapes(base), f"'{record['id']}'")
    changes = read_changes(adapter)
    files = weight_files(base)
    total, done = sum(file.stat().st_size for file in files), 0
    for file in files:
        made: dict[str, torch.Tensor] = {}
        with safe_open(file, framework="pt") as opened:
            for name in opened.keys():  # noqa: SIM118  (not a mapping)
                tensor = opened.get_tensor(name)
                made[name] = changes[name].apply(tensor, scale) if name in changes else tensor.clone()
                done += tensor.nbytes
                report(min(done, total), total)
        save_file(made, folder / file.name, metadata={"format": "pt"})
        del made
        trim()
    for file in base.iterdir():
        if file.is_file() and file.suffix != ".safetensors" and file.name not in _OWN:
            shutil.copyfile(file, folder / file.name)
    index = base / "model.safetensors.index.json"
    if index.exists():
        shutil.copyfile(index, folder / index.name)
    report(total, total)
    return Converted(int(record["parameters"]), int(record["context_length"]), str(config["model_type"]), False, ())


def main(arguments: list[str]) -> int:
    """Merge and print JSON lines; see ``assistant.weights.convert.main``."""
    parser = argparse.ArgumentParser(prog="python -P -m assistant.weights.merge")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--adapter", type=Path, required=True)
    parser.add_argument("base", type=Path)
    parser.add_argument("folder", type=Path)
    args = parser.parse_args(arguments)

    def job(report: Callable[[int, int], None]) -> dict[str, Any]:
        args.folder.mkdir(parents=True, exist_ok=True)
        return asdict(merge_folder(args.base, args.adapter, args.scale, args.folder, report))

    return run_job(job, "merg")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
