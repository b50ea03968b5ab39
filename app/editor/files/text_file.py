"""Files as text and back without changing a byte that nobody edited: encodings, byte order marks, line ends."""

from __future__ import annotations

import dataclasses
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from app.editor.editor_config import write_style
from app.editor.files.newlines import join_breaks, main_break, split_breaks
from assistant.editing.encodings.escapes import count_escapes, to_bytes, to_text
from assistant.editing.encodings.find import (
    Evidence,
    Found,
    find_encoding,
    find_mark,
    find_utf16,
    mark_of,
    name_for_people,
)
from assistant.errors import DiskError, InputError

MAX_BYTES = 20 * 1024 * 1024

_TEXT_CONTROLS = frozenset(b"\t\n\r\f\v\b\x1a\x1b")
_MAX_CONTROL_SHARE = 0.05

Stamp = tuple[int, int, int, int]
"""Times of modification and change in ns, size in bytes, inode: while it stays, nobody wrote the file.

A program can set the time of modification back, never that of change.
"""


class FileChanged(InputError):  # noqa: N818 - named for what happened, as its family is
    """The file on disk is no longer the one that was read."""

    code = "file_changed"


class CannotEncode(InputError):  # noqa: N818 - see above
    """The file's encoding has no place for a character; saving as UTF-8 would keep it."""

    code = "cannot_encode"


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file as it was read or last saved. ``text`` has LF line ends; ``breaks`` are the file's own, in order.

    Bytes that the encoding cannot decode are escapes in ``text``, so that all come back: see
    assistant.editing.encodings.escapes.
    """

    path: Path
    text: str = ""
    encoding: str = "utf-8"
    bom: bytes = b""
    breaks: tuple[str, ...] = ()
    stamp: Stamp | None = None
    evidence: Evidence = "unicode"

    @property
    def newline(self) -> str:
        """The line end that new lines get."""
        return main_break(self.breaks)

    @property
    def newline_name(self) -> str:
        """LF, CRLF, CR or Mixed."""
        if len(set(self.breaks)) > 1:
            return "Mixed"
        return {"\n": "LF", "\r\n": "CRLF", "\r": "CR"}[self.newline]

    @property
    def encoding_name(self) -> str:
        """The encoding as people write it, e.g. UTF-8 or UTF-16 LE BOM."""
        name = name_for_people(self.encoding)
        return f"{name} BOM" if self.bom else name

    @property
    def is_guess(self) -> bool:
        """Whether nothing but likelihood speaks for the encoding."""
        return self.evidence == "guess"

    @property
    def kept_bytes(self) -> int:
        """How many bytes have no character in the encoding and are kept as they are."""
        return count_escapes(self.text)

    def converted(self, encoding: str) -> TextFile:
        """Return the same text to be written in another encoding; UTF-16 gets a mark, by which it is known again."""
        return dataclasses.replace(self, encoding=encoding, bom=mark_of(encoding), evidence="chosen")

    def shaped(self) -> TextFile:
        """Return the file with what .editorconfig wants of a new one: line ends where there is none, and the encoding.

        The encoding is that of an empty file alone; a byte order mark, and what a person chose, stay.
        """
        if self.breaks and self.text:
            return self
        style = write_style(self.path)
        file = self
        if style.newline is not None and not file.breaks:
            file = dataclasses.replace(file, breaks=(style.newline,))
        if style.encoding is not None and not file.text and not file.bom and file.evidence != "chosen":
            file = dataclasses.replace(file, encoding=style.encoding, bom=style.bom, evidence="declared")
        return file


def read_text_file(path: Path, encoding: str = "") -> TextFile:
    """Read a text file, in ``encoding`` where the person chose one.

    Raises InputError for a folder, a missing, binary or too large file (MAX_BYTES), DiskError
    where the disk refuses.
    """
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise InputError(_tr("{path} is not a regular file. Open a text file.").format(path=path))
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_size > MAX_BYTES:
                size = status.st_size / 1024 / 1024
                text = _tr("{name} has {size:.0f} MiB; files up to {limit} MiB can be opened.")
                raise InputError(text.format(name=path.name, size=size, limit=MAX_BYTES >> 20))
            data = file.read()
    except FileNotFoundError:
        raise InputError(_tr("{path} does not exist. It may have been moved or deleted.").format(path=path)) from None
    except IsADirectoryError:
        raise InputError(_tr("{path} is a folder. Open it as a folder instead.").format(path=path)) from None
    except OSError as error:
        text = _tr("{path} cannot be read: {error}. Check its permissions.")
        raise DiskError(text.format(path=path, error=error.strerror or error)) from None
    return dataclasses.replace(decode(path, data, encoding).shaped(), stamp=_stamp(status))


def decode(path: Path, data: bytes, encoding: str = "") -> TextFile:
    """Return the text of a file's bytes. Raises InputError for binary data; see read_text_file."""
    found = _as_chosen(data, encoding) if encoding else _find(path, data)
    text, breaks = split_breaks(to_text(data[len(found.bom) :], found.encoding))
    return TextFile(path, text, found.encoding, found.bom, breaks, evidence=found.evidence)


def encode_text(file: TextFile, text: str) -> bytes:
    """Return the bytes of a changed text in the file's encoding, mark and line ends.

    Raises CannotEncode, naming the first character that the encoding cannot hold.
    """
    try:
        return file.bom + to_bytes(join_breaks(file.text, file.breaks, text), file.encoding)
    except UnicodeEncodeError as error:
        character = error.object[error.start]
        words = _tr(
            "{name} is in {encoding}, which cannot hold '{character}' (U+{code:04X}). "
            "Remove that character, or convert the file to UTF-8."
        )
        raise CannotEncode(
            words.format(name=file.path.name, encoding=file.encoding_name, character=character, code=ord(character))
        ) from None


def breaks_of(file: TextFile, data: bytes) -> tuple[str, ...]:
    """Return the line ends of what encode_text made of the file."""
    return split_breaks(to_text(data[len(file.bom) :], file.encoding))[1]


def stamp_of(path: Path) -> Stamp | None:
    """Return the stamp of a file on disk, or None where there is none."""
    try:
        return _stamp(path.stat())
    except OSError:
        return None


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino


def _as_chosen(data: bytes, encoding: str) -> Found:
    mark = find_mark(data)
    return Found(encoding, mark.bom if mark and mark.encoding == encoding else b"", "chosen")


def _find(path: Path, data: bytes) -> Found:
    mark = find_mark(data)
    if mark is not None:
        return mark
    if b"\0" in data and (wide := find_utf16(data)) is not None:
        return wide
    if b"\0" in data or _control_share(data) > _MAX_CONTROL_SHARE:
        words = _tr("{name} is not a text file. Open it with the program that made it.")
        raise InputError(words.format(name=path.name))
    return find_encoding(data)


def _control_share(data: bytes) -> float:
    head = data[:65536]
    controls = sum(1 for byte in head if byte < 32 and byte not in _TEXT_CONTROLS)
    return controls / len(head) if head else 0.0


def _tr(text: str) -> str:
    return QCoreApplication.translate("text_file", text)
