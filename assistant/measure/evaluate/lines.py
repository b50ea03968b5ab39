"""A file of JSON lines that is written line by line, so that a run that is ended keeps what it did."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any

from assistant.errors import DiskError, InputError


@contextlib.contextmanager
def open_lines(path: Path | None, *, append: bool = False) -> Generator[Callable[[Mapping[str, Any]], None]]:
    """Yield what writes an object as a line, at once; nowhere without a file.

    Raises InputError where the file cannot be opened, and DiskError later where a line cannot be written.
    """
    if path is None:
        yield lambda _row: None
        return
    try:
        # Without a buffer: on a full disk, closing would try to write what is left in it once more.
        file = path.open("ab" if append else "wb", buffering=0)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}.") from None

    def write(row: Mapping[str, Any]) -> None:
        line = (json.dumps(row) + "\n").encode()
        try:
            written = file.write(line)
        except OSError as error:
            raise DiskError(f"{path} cannot be written: {error.strerror or error}.") from None
        if written != len(line):
            raise DiskError(f"{path} cannot be written: the disk is full.")

    with file:
        yield write
