"""Files as text and back without changing a byte that nobody edited: encodings, byte order marks, line ends."""

from __future__ import annotations

import codecs
import dataclasses
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from app.editor.newlines import join_breaks, main_break, split_breaks
from assistant.errors import DiskError, InputError

MAX_BYTES = 20 * 1024 * 1024

# UTF-32's little-endian mark begins with UTF-16's, so it is looked for first.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# Qt's documents end paragraphs with these characters and cannot hold them otherwise.
_NOT_KEPT = ("\u2029", "\ufdd0", "\ufdd1")

_TEXT_CONTROLS = frozenset(b"\t\n\r\f\v\b\x1a\x1b")
_MAX_CONTROL_SHARE = 0.05

Stamp = tuple[int, int, int]
"""Modification time in ns, size in bytes, inode: what shows that another program wrote the file."""


class FileChanged(InputError):  # noqa: N818 - named for what happened, as its family is
    """The file on disk is no longer the one that was read."""

    code = "file_changed"


class CannotEncode(InputError):  # noqa: N818 - see above
    """The file's encoding has no place for a character; saving as UTF-8 would keep it."""

    code = "cannot_encode"


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file as it was read or last saved. ``text`` has LF line ends; ``breaks`` are the file's own, in order."""

    path: Path
    text: str = ""
    encoding: str = "utf-8"
    bom: bytes = b""
    breaks: tuple[str, ...] = ()
    stamp: Stamp | None = None

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
        name = self.encoding.upper().replace("_", "-").replace("-LE", " LE").replace("-BE", " BE")
        return f"{name} BOM" if self.bom else name

    def as_utf8(self) -> TextFile:
        """Return the same file to be saved as UTF-8 without a mark."""
        return dataclasses.replace(self, encoding="utf-8", bom=b"")


def read_text_file(path: Path) -> TextFile:
    """Read a text file.

    Raises InputError for a folder, a missing, binary or too large file (MAX_BYTES) and one with
    characters that the editor cannot keep, DiskError where the disk refuses.
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
    return dataclasses.replace(decode(path, data), stamp=_stamp(status))


def decode(path: Path, data: bytes) -> TextFile:
    """Return the text of a file's bytes. Raises InputError for binary data; see read_text_file."""
    encoding, bom = _find_encoding(path, data)
    text = data[len(bom) :].decode(encoding)
    if any(character in text for character in _NOT_KEPT):
        words = _tr("{name} holds paragraph separators (U+2029) that the editor cannot keep. Use another one.")
        raise InputError(words.format(name=path.name))
    text, breaks = split_breaks(text)
    return TextFile(path, text, encoding, bom, breaks)


def encode_text(file: TextFile, text: str) -> bytes:
    """Return the bytes of a changed text in the file's encoding, mark and line ends.

    Raises CannotEncode, naming the first character that the encoding cannot hold.
    """
    try:
        return file.bom + join_breaks(file.text, file.breaks, text).encode(file.encoding)
    except UnicodeEncodeError as error:
        character = error.object[error.start]
        words = _tr(
            "{name} is in {encoding}, which cannot hold '{character}' (U+{code:04X}). "
            "Save it as UTF-8, or remove that character."
        )
        raise CannotEncode(
            words.format(name=file.path.name, encoding=file.encoding_name, character=character, code=ord(character))
        ) from None


def stamp_of(path: Path) -> Stamp | None:
    """Return the stamp of a file on disk, or None where there is none."""
    try:
        return _stamp(path.stat())
    except OSError:
        return None


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_mtime_ns, status.st_size, status.st_ino


def _find_encoding(path: Path, data: bytes) -> tuple[str, bytes]:
    for bom, encoding in _MARKS:
        if data.startswith(bom) and _round_trip(data[len(bom) :], encoding):
            return encoding, bom
    if b"\0" in data or _control_share(data) > _MAX_CONTROL_SHARE:
        words = _tr("{name} is not a text file. Open it with the program that made it.")
        raise InputError(words.format(name=path.name))
    if _round_trip(data, "utf-8"):
        return "utf-8", b""
    guess = _guess(data)
    return (guess if guess and _round_trip(data, guess) else "latin-1"), b""


def _round_trip(data: bytes, encoding: str) -> bool:
    try:
        return data.decode(encoding).encode(encoding) == data
    except (UnicodeError, LookupError):
        return False


def _control_share(data: bytes) -> float:
    head = data[:65536]
    controls = sum(1 for byte in head if byte < 32 and byte not in _TEXT_CONTROLS)
    return controls / len(head) if head else 0.0


def _guess(data: bytes) -> str | None:
    from charset_normalizer import from_bytes  # noqa: PLC0415 - slow to import and seldom needed

    best = from_bytes(data[: 256 * 1024]).best()
    if best is None:
        return None
    # Source code is ASCII with some other letters: a guess that reads ASCII as something else is wrong.
    return best.encoding if _reads_ascii(best.encoding) else None


def _reads_ascii(encoding: str) -> bool:
    ascii_bytes = bytes(range(32, 127))
    return ascii_bytes.decode(encoding, "replace") == ascii_bytes.decode("ascii")


def _tr(text: str) -> str:
    return QCoreApplication.translate("text_file", text)
