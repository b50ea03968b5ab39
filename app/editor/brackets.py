"""Finds the bracket that belongs to another, in text whose strings and comments are masked."""

from __future__ import annotations

import re
from collections.abc import Callable

from app.editor.lexing import Runs

Place = tuple[int, int]
"""Line and column, both 0-based."""

_PAIRS = {"(": ")", "[": "]", "{": "}"}
_OPENERS = {close: opener for opener, close in _PAIRS.items()}
CLOSING = frozenset(_OPENERS)
_MAX_LINES = 600


def mask(text: str, runs: Runs) -> str:
    """Return a line with its strings and comments as blanks, of the same length."""
    for start, length, style in runs:
        if style in {"string", "comment"}:
            text = text[:start] + " " * length + text[start + length :]
    return text


def find_pair(code: Callable[[int], str], line_count: int, line: int, column: int) -> tuple[Place, Place] | None:
    """Return the bracket beside the cursor and its partner; the one before the cursor counts first.

    ``code`` gives a masked line. Looks at no more than _MAX_LINES lines.
    """
    text = code(line)
    for place in (column - 1, column):
        if 0 <= place < len(text) and (text[place] in _PAIRS or text[place] in _OPENERS):
            partner = _partner(code, line_count, line, place)
            return ((line, place), partner) if partner else None
    return None


def find_opener(code: Callable[[int], str], line: int, column: int, closing: str) -> Place | None:
    """Return the bracket that a ``closing`` one typed at a place would close."""
    return _scan_back(code, line, code(line)[:column], _OPENERS[closing], closing)


def _partner(code: Callable[[int], str], line_count: int, line: int, column: int) -> Place | None:
    text = code(line)
    bracket = text[column]
    if bracket in _OPENERS:
        return _scan_back(code, line, text[:column], _OPENERS[bracket], bracket)
    closing = _PAIRS[bracket]
    pattern = re.compile(f"[{re.escape(bracket + closing)}]")
    depth = 0
    for number in range(line, min(line_count, line + _MAX_LINES)):
        start = column + 1 if number == line else 0
        for match in pattern.finditer(code(number), start):
            if match.group() == bracket:
                depth += 1
            elif depth:
                depth -= 1
            else:
                return number, match.start()
    return None


def _scan_back(code: Callable[[int], str], line: int, head: str, opener: str, closing: str) -> Place | None:
    depth = 0
    for number in range(line, max(-1, line - _MAX_LINES), -1):
        text = head if number == line else code(number)
        for column in range(len(text) - 1, -1, -1):
            if text[column] == closing:
                depth += 1
            elif text[column] == opener:
                if not depth:
                    return number, column
                depth -= 1
    return None
