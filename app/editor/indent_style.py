"""Decides once for a document what one level of its indentation is: by .editorconfig, by its text, by its language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.editor import indent

_TABS_ALONE = {"Makefile", "Base Makefile"}
"""Languages in which blanks in place of the tab are an error: the text is not asked."""
_TABS = {*_TABS_ALONE, "Go"}
_CONFIG = ".editorconfig"
_MOST_BYTES = 64 * 1024
_MOST_COLUMNS = 16
_LOOKED_AT = 100_000
_SPACES = "    "


@dataclass(frozen=True, slots=True)
class IndentStyle:
    """One level of indentation, a tab or spaces, and the columns of a tab stop.

    ``sure`` is False where neither .editorconfig nor the text said so.
    """

    unit: str = _SPACES
    tab_width: int = indent.TAB_WIDTH
    sure: bool = False


def decide(text: str, language: str = "", path: Path | None = None) -> IndentStyle:
    """Return the indentation of a text in a language (its name for people), of a file at ``path`` (None: it has none).

    What .editorconfig says counts first, then what the text shows, then what the language wants.
    """
    asked = _configured(path) if path is not None else {}
    found = None if language in _TABS_ALONE else indent.detect_unit(text[:_LOOKED_AT])
    size, tab_width = _columns(asked, "indent_size"), _columns(asked, "tab_width")
    style = asked.get("indent_style", "")
    if style not in {"tab", "space"}:
        style = "tab" if (found or ("\t" if language in _TABS else _SPACES)) == "\t" else "space"
    width = tab_width or (size if style == "tab" else None) or indent.TAB_WIDTH
    sure = found is not None or "indent_style" in asked or size is not None
    if style == "tab":
        return IndentStyle("\t", width, sure)
    if size is not None:
        return IndentStyle(" " * size, width, sure)
    return IndentStyle(found if found and found != "\t" else _SPACES, width, sure)


def _columns(asked: Mapping[str, str], name: str) -> int | None:
    value = asked.get(name, "")
    return int(value) if re.fullmatch(r"[0-9]{1,2}", value) and 1 <= int(value) <= _MOST_COLUMNS else None


def _configured(path: Path) -> Mapping[str, str]:
    """Return what .editorconfig files say of a file; nothing where one of them is no sound text."""
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
