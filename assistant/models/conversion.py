"""Starts the engine's converter, the one process that may import torch here, and reads what it says."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import DiskError, ModelError
from assistant.models.sources import Report
from assistant.system import jsonl
from assistant.system.background import background_environment, step_back
from assistant.system.processes import how_it_ended

CONVERTER = (sys.executable, "-P", "-m", "assistant.weights.convert")


@dataclass(frozen=True, slots=True)
class Converted:
    """What the converter found out about the model."""

    parameters: int
    context_length: int


def convert(source: Path, target: Path, report: Report, command: Sequence[str] = CONVERTER) -> Converted:
    """Fill the empty folder ``target`` with bfloat16 safetensors, config and tokenizer made from ``source``.

    Raises ModelError with the converter's own sentence, or DiskError when there was no room.
    """
    result: Converted | None = None
    failure = ""
    environment = {**background_environment(), "PYTHONUTF8": "1"}
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(
            [*command, str(source), str(target)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
            encoding="utf-8",
            errors="replace",
        ) as process,
    ):
        step_back(process.pid)
        try:
            for line in process.stdout or ():
                event = jsonl.decode(line) or {}  # a library may print, too
                match event.get("event"):
                    case "progress":
                        report("convert", int(event["done"]), int(event["total"]))
                    case "done":
                        result = Converted(int(event["parameters"]), int(event["context_length"]))
                    case "failed":
                        failure = str(event["message"])
                    case _:
                        continue
            process.wait()
        finally:
            if process.poll() is None:
                process.kill()
        log.seek(0)
        said = log.read().decode("utf-8", "replace").strip()
    if process.returncode == 0 and result:
        return result
    full = os.strerror(errno.ENOSPC)
    if full in failure or full in said:
        raise DiskError("The model could not be converted: the disk is full. Free some space and try again.")
    raise ModelError(failure or _died(process.returncode, said))


def _died(code: int, said: str) -> str:
    how = how_it_ended(code)
    last = said.splitlines()[-1].rstrip(".") if said and "was killed" not in how else f"the process that does it {how}"
    return f"The model could not be converted: {last}."
