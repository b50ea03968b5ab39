"""Reading a file that the person named on the command line, with one clear sentence for whatever is wrong with it."""

from __future__ import annotations

from pathlib import Path

from assistant.editing.encodings.find import find_encoding, find_mark
from assistant.errors import InputError

MAX_FILE_BYTES = 5_000_000


def read_source(path: Path) -> str:
    """Return the text of a file, its line ends as line feeds. Raises InputError when there is no such text file."""
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder; name a file.")
        if not path.is_file():
            raise InputError(f"There is no file {path}.")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InputError(f"{path} is larger than {MAX_FILE_BYTES // 1_000_000} MB.")
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    if b"\0" in data and not find_mark(data):
        raise InputError(f"{path} is not a text file.")
    return _decode(data).replace("\r\n", "\n").replace("\r", "\n")


def printable(name: str) -> str:
    """Return a file's name with ``?`` for the bytes that are not UTF-8: they can be neither sent nor tokenised."""
    return name.encode("utf-8", "replace").decode()


def _decode(data: bytes) -> str:
    found = find_mark(data) or find_encoding(data)
    return data[len(found.bom) :].decode(found.encoding, "replace")
