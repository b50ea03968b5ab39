"""An adapter merged into its base, for other programs: as a folder of safetensors, or as a GGUF file."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from assistant.errors import InputError, ModelError
from assistant.models import conversion
from assistant.models.adapters import AdapterStore
from assistant.models.sources import Report
from assistant.models.store import InstalledModel
from assistant.system.disk import check_space
from assistant.system.files import disk_errors, put, staged
from assistant.system.modes import OWN
from assistant.system.programs import find_program

MERGER = (sys.executable, "-P", "-m", "assistant.weights.merge")
CONVERTER = "convert_hf_to_gguf.py"


def merge(
    store: AdapterStore,
    name: str,
    model: InstalledModel,
    scale: float | None,
    output: Path,
    report: Report,
    command: Sequence[str] = MERGER,
) -> Path:
    """Write ``model`` with an adapter in its weights (bf16) into the new folder ``output``, whole or not at all.

    ``scale`` None: the adapter's own scale. Raises InputError where the folder is there or the adapter is another
    model's, ModelError or DiskError when it fails.
    """
    choice = store.choice(name, model, scale)
    if model.quantisation is not None:
        raise InputError(
            f"'{model.id}' is quantised; merge into the model that it was made of: --model {model.quantisation.base}."
        )
    output = output.absolute()
    if os.path.lexists(output):
        raise InputError(f"{output} is there already; name a folder that is not.")
    with disk_errors(f"{output} could not be written"):
        output.parent.mkdir(parents=True, exist_ok=True)
        base = store.models.path(model.id)
        check_space([(output.parent, sum(file.stat().st_size for file in base.iterdir()))], output.name)
        with staged(output, OWN) as part:
            conversion.convert(base, part, report, [*command, f"--scale={choice.scale}", f"--adapter={choice.folder}"])
    return output


def find_converter(given: Path | None) -> Path:
    """Return llama.cpp's converter: ``given``, or the one on PATH. Raises InputError that says how to get it."""
    found = find_program(CONVERTER) or find_program(CONVERTER.removesuffix(".py")) if given is None else given
    if found is None:
        raise InputError(
            f"llama.cpp's {CONVERTER} is not on PATH, and only that writes GGUF: get llama.cpp's source "
            "(github.com/ggml-org/llama.cpp), install its requirements, and name the script with --converter PATH."
        )
    path = Path(found)
    if not path.is_file():
        raise InputError(f"There is no converter {path}; name llama.cpp's {CONVERTER} with --converter PATH.")
    return path.absolute()


def merge_to_gguf(converter: Path, make: Callable[[Path], Path], output: Path) -> Path:
    """Have llama.cpp's converter write ``output`` from the folder that ``make`` fills, whole or not at all.

    Raises InputError where the file is there, ModelError with the converter's last line where it fails.
    """
    output = output.absolute()
    if os.path.lexists(output):
        raise InputError(f"{output} is there already; name a file that is not.")
    with (
        disk_errors(f"{output} could not be written"),
        tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}.") as place,
    ):
        folder = make(Path(place, "model"))
        part = Path(place, "model.gguf")
        start = [sys.executable, str(converter)] if converter.suffix == ".py" else [str(converter)]
        done = subprocess.run(
            [*start, str(folder), "--outfile", str(part), "--outtype", "bf16"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            encoding="utf-8",
            errors="replace",
        )
        if done.returncode != 0 or not part.is_file():
            said = done.stdout.strip().splitlines() or [f"status {done.returncode}"]
            raise ModelError(f"llama.cpp's converter failed: {said[-1].rstrip('.')}.")
        put(part, output)
    return output
