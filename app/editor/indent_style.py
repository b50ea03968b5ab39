"""Decides once for a document what one level of its indentation is: by .editorconfig, by its text, by its language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.editor import indent
from app.editor.editor_config import configured
from assistant.languages import language_called

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
    asked = configured(path) if path is not None else {}
    record = language_called(language)
    usual = record.indent if record is not None else _SPACES
    found = None if record is not None and record.indent_only else indent.detect_unit(text[:_LOOKED_AT])
    size, tab_width = _columns(asked, "indent_size"), _columns(asked, "tab_width")
    style = asked.get("indent_style", "")
    if style not in {"tab", "space"}:
        style = "tab" if (found or usual) == "\t" else "space"
    width = tab_width or (size if style == "tab" else None) or indent.TAB_WIDTH
    sure = found is not None or "indent_style" in asked or size is not None
    if style == "tab":
        return IndentStyle("\t", width, sure)
    if size is not None:
        return IndentStyle(" " * size, width, sure)
    return IndentStyle(found if found and found != "\t" else usual if usual != "\t" else _SPACES, width, sure)


def _columns(asked: Mapping[str, str], name: str) -> int | None:
    value = asked.get(name, "")
    return int(value) if re.fullmatch(r"[0-9]{1,2}", value) and 1 <= int(value) <= _MOST_COLUMNS else None
