"""The file of answers: a first line that says what was asked, then a line for each hole, written at once."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from assistant.errors import InputError
from assistant.measure.evaluate.lines import open_lines
from assistant.measure.repository.ask import Asked, from_json
from assistant.repository.holes import Hole

_KEY = "run"


def read_record(
    path: Path, settings: Mapping[str, Any], holes: Sequence[Hole], names: Sequence[str]
) -> dict[str, Asked]:
    """Return the answers, by the hole's id, that an earlier run with the same settings wrote; none without a file.

    A last line that was cut off is taken off the file. Raises InputError where the file is another run's.
    """
    if not path.exists() or not (data := _read(path)):
        return {}
    # What was cut off has no line end.
    whole = data[: data.rfind(b"\n") + 1]
    rows = [_object(line) for line in whole.split(b"\n")]
    if (said := rows[0].get(_KEY)) != dict(settings):
        known: dict[str, Any] = cast("dict[str, Any]", said) if isinstance(said, dict) else {}
        other = [name for name in settings if known.get(name) != settings[name]]
        what = f"{other[0]} is {known.get(other[0])}, not {settings[other[0]]}" if known and other else "no such file"
        raise InputError(f"{path} cannot be resumed, it is of another measurement ({what}); name another file.")
    if len(whole) < len(data):
        _shorten(path, len(whole))
    wanted = {hole.id: hole for hole in holes}
    done: dict[str, Asked] = {}
    for row in rows[1:]:
        with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
            done[row["id"]] = from_json(row, wanted[row["id"]], names)
    return done


@contextlib.contextmanager
def open_record(
    path: Path | None, settings: Mapping[str, Any], *, resume: bool
) -> Generator[Callable[[Mapping[str, Any]], None]]:
    """Yield what writes a hole's row to the file, so that it is there at once; nowhere without a file.

    ``resume``: go on at the end of a file that has rows. Raises InputError where it cannot be written, DiskError later.
    """
    goes_on = path is not None and resume and path.exists() and path.stat().st_size > 0
    with open_lines(path, append=goes_on) as write:
        if not goes_on:
            write({_KEY: settings})
        yield write


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be resumed: {error.strerror or error}.") from None


def _object(line: bytes) -> dict[str, Any]:
    """Return the JSON object of a line, an empty one for anything else."""
    try:
        row: object = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", row) if isinstance(row, dict) else {}


def _shorten(path: Path, size: int) -> None:
    try:
        os.truncate(path, size)
    except OSError as error:
        raise InputError(f"{path} cannot be resumed: {error.strerror or error}.") from None
