"""JSON lines, in one dialect: an object a line, ASCII with escapes, a line feed; each line written by one call.

Lines that several processes append to one file stay whole. What a kill or a full disk cut off is no line: readers
pass over it, and the next writer begins on a line of its own. So does one that begins in the middle of another's
line, which then ends an empty one: that is no object, and no fault.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, cast

from assistant.system.modes import PRIVATE

MOST_BYTES = 64 << 20
"""Longer lines are passed over."""


def encode(row: Mapping[str, Any]) -> bytes:
    """Return the line of an object."""
    return (json.dumps(row) + "\n").encode()


def decode(line: bytes | str) -> dict[str, Any] | None:
    """Return the object of a line; None for anything else."""
    try:
        row: object = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", row) if isinstance(row, dict) else None


class LineWriter:
    """Appends objects to a file, each at once; a context manager. For one thread; other processes may write too."""

    def __init__(self, path: Path, mode: int = PRIVATE, *, fresh: bool = False) -> None:
        """``fresh``: begin with an empty file; ``mode``: that of a new file. Raises OSError."""
        self._path = path
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | (os.O_TRUNC if fresh else 0)
        flags |= getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
        # Without a buffer: on a full disk, closing would try to write what is left in it once more.
        self._handle = os.open(path, flags, mode)
        try:
            if mode == PRIVATE and os.name == "posix":
                os.fchmod(self._handle, mode)
            self._torn = stat.S_ISREG(os.fstat(self._handle).st_mode) and _is_torn(path)
        except OSError:
            os.close(self._handle)
            raise

    def __call__(self, row: Mapping[str, Any]) -> None:
        """Write one object. Raises OSError where it cannot be written; what is there of it then is no line."""
        line = memoryview((b"\n" if self._torn else b"") + encode(row))
        self._torn = True
        while line:  # a disk that is nearly full takes a part, and refuses the rest
            line = line[os.write(self._handle, line) :]
        self._torn = False

    def close(self) -> None:
        """Close the file."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class LineReader:
    """Follows a file that others append to: reads again and again, from where it stopped."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def read(self) -> Iterator[dict[str, Any]]:
        """Yield the objects that are whole and were not read yet; none where there is no file.

        A file that became shorter is another one, and read from its beginning.
        """
        try:
            with self._path.open("rb") as file:
                if file.seek(0, os.SEEK_END) < self._offset:
                    self._offset = 0
                file.seek(self._offset)
                for line, end in _whole(file):
                    self._offset = end
                    if (row := decode(line)) is not None:
                        yield row
        except OSError:
            return


def read(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a file that are whole. Raises OSError."""
    with path.open("rb") as file:
        return [row for line, _ in _whole(file) if (row := decode(line)) is not None]


def read_all(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a file that was written whole. Raises OSError, and ValueError where a line is none."""
    with path.open("rb") as file:
        rows: list[dict[str, Any]] = []
        end = 0
        for line, behind in _whole(file):
            end = behind
            if line == b"\n":
                continue
            if (row := decode(line)) is None:
                raise ValueError(f"line {len(rows) + 1} is no JSON object")
            rows.append(row)
        if end != file.seek(0, os.SEEK_END):
            raise ValueError("its last line is cut off")
    return rows


def write_all(file: BinaryIO, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write objects to an open file, each a line. Raises OSError."""
    file.writelines(encode(row) for row in rows)


def cut_torn(path: Path) -> None:
    """Take a last line that was cut off from a file that nobody else writes. Raises OSError."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        end = _last_end(file, size)
    if end < size:
        os.truncate(path, end)


def lines_of(descriptor: int) -> Iterator[bytes]:
    """Yield the lines of a pipe as they come, without their line feeds; the last one may lack it.

    Not by ``sys.stdin``: at its end the interpreter takes the lock of that, and aborts where a thread waits inside.
    """
    rest = b""
    while block := os.read(descriptor, 1 << 16):
        *lines, last = block.split(b"\n")
        for line in lines:
            yield rest + line
            rest = b""
        rest += last
    if rest:
        yield rest


def _whole(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Yield each line that has its end, and the place behind it; those that are too long are passed over."""
    at = file.tell()
    while line := file.readline(MOST_BYTES):
        long = False
        while line and not line.endswith(b"\n") and len(line) == MOST_BYTES:
            at, long = at + len(line), True
            line = file.readline(MOST_BYTES)
        if not line.endswith(b"\n"):
            return
        at += len(line)
        if not long:
            yield line, at


def _is_torn(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def _last_end(file: BinaryIO, size: int) -> int:
    """Return the place behind the last line feed."""
    at = size
    while at:
        begin = max(0, at - (1 << 16))
        file.seek(begin)
        found = file.read(at - begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        at = begin
    return 0
