"""Starts the engine's converter, the one process that may import torch here, and reads what it says."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from assistant.background import background_environment, step_back
from assistant.errors import DiskError, ModelError
from assistant.models.files import Report

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
                event = _event(line)
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


def _event(line: str) -> dict[str, Any]:
    try:
        event: Any = json.loads(line)
    except ValueError:
        return {}  # a library that prints
    return cast("dict[str, Any]", event) if isinstance(event, dict) else {}


def _died(code: int, said: str) -> str:
    if code in (-9, 137):
        return "The model could not be converted: the system ended the conversion, most likely for lack of memory."
    last = said.splitlines()[-1].rstrip(".") if said else f"exit code {code}"
    return f"The model could not be converted: {last}."
