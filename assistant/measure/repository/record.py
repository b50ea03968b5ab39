"""The file of answers: a first line that says what was asked, then a line for each hole, written at once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from assistant.errors import InputError
from assistant.measure.evaluate.lines import open_lines
from assistant.measure.repository.ask import Asked, from_json
from assistant.repository.holes import Hole
from assistant.system import jsonl
from assistant.system.modes import OWN

_KEY = "run"


def read_record(
    path: Path, settings: Mapping[str, Any], holes: Sequence[Hole], names: Sequence[str]
) -> dict[str, Asked]:
    """Return the answers, by the hole's id, that an earlier run with the same settings wrote; none without a file.

    A last line that was cut off is taken off the file. Raises InputError where the file is another run's.
    """
    if not path.exists() or not path.stat().st_size:
        return {}
    rows = _read(path) or [{}]
    if (said := rows[0].get(_KEY)) != dict(settings):
        known: dict[str, Any] = cast("dict[str, Any]", said) if isinstance(said, dict) else {}
        other = [name for name in settings if known.get(name) != settings[name]]
        what = f"{other[0]} is {known.get(other[0])}, not {settings[other[0]]}" if known and other else "no such file"
        raise InputError(f"{path} cannot be resumed, it is of another measurement ({what}); name another file.")
    _cut_torn(path)
    wanted = {hole.id: hole for hole in holes}
    done: dict[str, Asked] = {}
    for row in rows[1:]:
        with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
            done[row["id"]] = from_json(row, wanted[row["id"]], names)
    return done


@contextlib.contextmanager
def open_record(
    path: Path | None, settings: Mapping[str, Any], *, resume: bool, mode: int = OWN
) -> Generator[Callable[[Mapping[str, Any]], None]]:
    """Yield what writes a hole's row to the file, so that it is there at once; nowhere without a file.

    ``mode``: that of a new file; ``resume``: go on at the end of a file that has rows.

    Raises InputError where it cannot be written, DiskError later.
    """
    goes_on = path is not None and resume and path.exists() and path.stat().st_size > 0
    with open_lines(path, append=goes_on, mode=mode) as write:
        if not goes_on:
            write({_KEY: settings})
        yield write


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        return jsonl.read(path)
    except OSError as error:
        raise InputError(f"{path} cannot be resumed: {error.strerror or error}.") from None


def _cut_torn(path: Path) -> None:
    try:
        jsonl.cut_torn(path)
    except OSError as error:
        raise InputError(f"{path} cannot be resumed: {error.strerror or error}.") from None
