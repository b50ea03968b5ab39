"""Indentation rules as pure functions on text: what Enter, Tab, Backspace and a closing bracket do."""

from __future__ import annotations

import re
from collections import Counter

TAB_WIDTH = 4
"""Columns of a tab stop where nothing says otherwise."""

_OPEN, _CLOSE = "([{", ")]}"
_LEAVES_BLOCK = re.compile(r"(return|pass|break|continue|raise)\b")
_STRING_OR_COMMENT = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|#.*")


def leading(line: str) -> str:
    """Return the spaces and tabs that a line begins with."""
    return line[: len(line) - len(line.lstrip(" \t"))]


def columns(text: str, tab_width: int = TAB_WIDTH) -> int:
    """Return how many columns a text without line breaks takes, tabs going to the next stop."""
    column = 0
    for character in text:
        column += tab_width - column % tab_width if character == "\t" else 1
    return column


def detect_unit(text: str) -> str | None:
    """Return what one level of indentation is in a text: a tab, or 2 to 8 spaces; None where it shows none.

    Counts by how much each line is deeper than the one before, in the first 2000 lines.
    """
    steps: Counter[str] = Counter()
    before = ""
    for line in text.split("\n", 2000)[:2000]:
        if not line.strip():
            continue
        now = leading(line)
        if now.startswith("\t") and not before:
            steps["\t"] += 1
        elif len(now) > len(before) and now.startswith(before) and "\t" not in now:
            step = len(now) - len(before)
            if 2 <= step <= 8:
                steps[" " * step] += 1
        before = now
    return steps.most_common(1)[0][0] if steps else None


def outdented(indentation: str, unit: str, tab_width: int = TAB_WIDTH) -> str:
    """Return an indentation one level less: to the stop before, in the characters that it is made of."""
    if indentation.endswith("\t"):
        return indentation[:-1]
    width = tab_width if unit == "\t" else len(unit)
    surplus = columns(indentation, tab_width) % width or width
    spaces = len(indentation) - len(indentation.rstrip(" "))
    return indentation[: len(indentation) - min(surplus, spaces)]


def after_line(before: str, unit: str, python_like: bool, tab_width: int = TAB_WIDTH) -> str:
    """Return the indentation of a new line, from the text of the line before the cursor.

    One level deeper after an opening bracket and, in Python-like languages, after ``:``;
    one less after a statement that leaves its block.
    """
    indentation = leading(before)
    code = before.strip()
    if python_like:
        code = _STRING_OR_COMMENT.sub(lambda match: "" if match.group().startswith("#") else "''", code).rstrip()
    open_bracket = _has_open_bracket(code)
    if code and (code[-1] in _OPEN or (python_like and code[-1] == ":" and not open_bracket)):
        return indentation + unit
    if python_like and _LEAVES_BLOCK.match(code) and not open_bracket:
        return outdented(indentation, unit, tab_width)
    return indentation


def opens_pair(before: str, after: str) -> bool:
    """Return whether the cursor stands between an opening bracket and its closing one, blanks aside."""
    left, right = before.rstrip()[-1:], after.lstrip()[:1]
    return (
        bool(left and right) and left in _OPEN and _CLOSE.index(right) == _OPEN.index(left)
        if right in _CLOSE
        else False
    )


def to_next_stop(before: str, unit: str, tab_width: int = TAB_WIDTH) -> str:
    """Return what Tab inserts after a text on the line: a tab, or spaces up to the next level."""
    if unit == "\t":
        return "\t"
    return " " * (len(unit) - columns(before, tab_width) % len(unit))


def shifted(line: str, unit: str) -> str:
    """Return a line one level deeper; blank ones stay as they are.

    The unit goes to the front, so that ``shifted_back`` finds it there whatever the line begins with.
    """
    return unit + line if line.strip(" \t") else line


def shifted_back(line: str, unit: str, tab_width: int = TAB_WIDTH) -> str:
    """Return a line one level less deep: the inverse of ``shifted``.

    A line that does not begin with the unit loses as many columns, or all of its indentation where that is less.
    """
    if not line.strip(" \t"):
        return line
    if line.startswith(unit):
        return line[len(unit) :]
    width = tab_width if unit == "\t" else len(unit)
    indentation = leading(line)
    taken = 0
    while taken < len(indentation) and columns(indentation[:taken], tab_width) < width:
        taken += 1
    # A tab may be wider than the unit: what it was wider by stays.
    surplus = max(0, columns(indentation[:taken], tab_width) - width)
    return " " * surplus + line[taken:]


def backspace_length(before: str, unit: str, tab_width: int = TAB_WIDTH) -> int:
    """Return how many characters Backspace removes: back to the stop before when only spaces stand on the left."""
    if not before or before.strip(" \t") or not before.endswith(" "):
        return 1
    return len(before) - len(outdented(before, unit, tab_width))


def _has_open_bracket(code: str) -> bool:
    return sum(code.count(mark) for mark in _OPEN) > sum(code.count(mark) for mark in _CLOSE)
