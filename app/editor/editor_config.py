"""What .editorconfig files (https://spec.editorconfig.org) ask: how a new file is written, and what saving tidies.

Line ends and the encoding are those of files to come: one that is there keeps its own, since nobody has asked to have
every line of it changed. Blanks at line ends and the end of the last line are the standard's at each saving.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_CONFIG = ".editorconfig"
_MOST_BYTES = 64 * 1024
_ENDS = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}
_CHARSETS = {
    "utf-8": ("utf-8", b""),
    "utf-8-bom": ("utf-8", codecs.BOM_UTF8),
    "latin1": ("latin-1", b""),
    "utf-16le": ("utf-16-le", codecs.BOM_UTF16_LE),  # without the mark nothing would know it again
    "utf-16be": ("utf-16-be", codecs.BOM_UTF16_BE),
}
# Each run of blanks is looked at once, from its beginning: a line may hold a million of them in its middle.
_BLANKS_AT_THE_END = re.compile(r"(?<![ \t])[ \t]++$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class WriteStyle:
    """What is asked of a file; None, and False, where nothing is."""

    newline: str | None = None
    encoding: str | None = None
    """Python's codec."""
    bom: bytes = b""
    trim: bool = False
    final_newline: bool = False


def write_style(path: Path) -> WriteStyle:
    """Return what is asked of the file at ``path``, which need not be there yet."""
    asked = configured(path)
    encoding, bom = _CHARSETS.get(asked.get("charset", ""), (None, b""))
    return WriteStyle(
        _ENDS.get(asked.get("end_of_line", "")),
        encoding,
        bom,
        asked.get("trim_trailing_whitespace") == "true",
        asked.get("insert_final_newline") == "true",
    )


def tidied(text: str, style: WriteStyle) -> list[tuple[int, int, str]]:
    """Return what saving changes of a text (LF alone): where from and to, and the text that goes there.

    A text without a character stays empty, as the standard wants it.
    """
    found = [(each.start(), each.end(), "") for each in _BLANKS_AT_THE_END.finditer(text)] if style.trim else []
    left = text.rstrip(" \t") if style.trim else text
    if style.final_newline and left and not left.endswith("\n"):
        if found and found[-1][1] == len(text):
            found[-1] = (found[-1][0], len(text), "\n")
        else:
            found.append((len(text), len(text), "\n"))
    return found


def configured(path: Path) -> Mapping[str, str]:
    """Return what .editorconfig files say of a file, in the standard's words; nothing where one is no sound text."""
    path = path.absolute()
    files = [folder / _CONFIG for folder in path.parents]
    if not any(file.exists() for file in files) or not all(_is_sound(file) for file in files):
        return {}
    from editorconfig import EditorConfigError, get_properties  # noqa: PLC0415 - few folders have the file

    try:
        return get_properties(str(path))
    except (EditorConfigError, ValueError, re.error, RecursionError, OverflowError):
        return {}  # a broken pattern is its owner's business; the text says what its indentation is


def _is_sound(file: Path) -> bool:
    """Return False for what the package must not read: devices, pipes, enormous and broken files.

    It would raise on those that are broken and leave them open.
    """
    try:
        if not file.exists():
            return True
        if not file.is_file() or file.stat().st_size > _MOST_BYTES:
            return False
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError):
        return False
    from editorconfig.ini import EditorConfigParser as Parser  # noqa: PLC0415 - as above

    return all(
        not line.strip() or line[0] in "#;" or Parser.SECTCRE.match(line) or Parser.OPTCRE.match(line) for line in lines
    )
