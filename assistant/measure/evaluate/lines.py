"""A file of JSON lines that is written line by line, so that a run that is ended keeps what it did."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any

from assistant.errors import DiskError, InputError
from assistant.system.jsonl import LineWriter
from assistant.system.modes import OWN


@contextlib.contextmanager
def open_lines(
    path: Path | None, *, append: bool = False, mode: int = OWN
) -> Generator[Callable[[Mapping[str, Any]], None]]:
    """Yield what writes an object as a line, at once; nowhere without a file. ``mode``: that of a new file.

    Raises InputError where the file cannot be opened, and DiskError later where a line cannot be written.
    """
    if path is None:
        yield lambda _row: None
        return
    try:
        lines = LineWriter(path, mode, fresh=not append)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}.") from None

    def write(row: Mapping[str, Any]) -> None:
        try:
            lines(row)
        except OSError as error:
            raise DiskError(f"{path} cannot be written: {error.strerror or error}.") from None

    with lines:
        yield write
