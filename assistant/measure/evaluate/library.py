"""Holes taken from Python's standard library where this program runs: a measure that needs no data set.

A model has seen this code, so the share that is right says little of how good it is; what changes it between two ways
to run one model says much.
"""

from __future__ import annotations

import ast
import random
import re
import sysconfig
from pathlib import Path

from assistant.errors import InputError
from assistant.measure.evaluate.data import Row

_LEAST_BYTES, _MOST_BYTES = 4_000, 200_000
_LEAST_LETTERS, _MOST_LETTERS = 8, 100
_LINES_BEFORE, _LINES_AFTER = 30, 12
_TRIES = 100


def library_holes(count: int, seed: int = 0, folder: Path | None = None, *, in_words: bool = False) -> list[Row]:
    """Return ``count`` holes of one line each, with the lines around them; the same for a seed and a Python.

    They are whole simple statements inside of functions; ``in_words``: what follows on the line when somebody has typed
    it up to the middle of some word. Raises InputError where this Python has no sources.
    """
    folder = folder or Path(sysconfig.get_path("stdlib"))
    files = [path for path in sorted(folder.glob("*.py")) if _LEAST_BYTES <= path.stat().st_size <= _MOST_BYTES]
    draw = random.Random(seed)  # noqa: S311 - a choice of places, no secret
    rows: dict[str, Row] = {}
    for _ in range(count * _TRIES if files else 0):
        if len(rows) == count:
            break
        path = draw.choice(files)
        text = path.read_text(encoding="utf-8", errors="replace")
        places = _statements(text)
        if places:
            place = draw.choice(places)
            typed = _in_word(text.split("\n")[place], draw) if in_words else 0
            row = _hole(path.stem, text, place, typed)
            rows[row.id] = row
    if len(rows) < count:
        raise InputError(f"Python's standard library in {folder} has too few sources for {count} holes; ask for fewer.")
    return list(rows.values())


def _statements(text: str) -> list[int]:
    """Return the lines, from 0, that are one simple statement of a function, neither trivial nor very long."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return []
    lines = text.split("\n")
    found: set[int] = set()
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        for node in ast.walk(function):
            if not isinstance(node, ast.stmt) or node.lineno != node.end_lineno:
                continue
            call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
            if call or isinstance(node, (ast.Return, ast.Assign, ast.AugAssign, ast.Raise, ast.Assert)):
                line = lines[node.lineno - 1]
                if _LEAST_LETTERS <= len(line.strip()) <= _MOST_LETTERS and node.col_offset == _indent(line):
                    found.add(node.lineno - 1)
    return sorted(found)


def _in_word(line: str, draw: random.Random) -> int:
    """Return a column with a letter on each side."""
    inside = [found.start() + 1 for found in re.finditer(r"(?=[A-Za-z]{2})", line)]
    return draw.choice(inside) if inside else 0


def _hole(module: str, text: str, line: int, typed: int) -> Row:
    lines = text.split("\n")
    before = "".join(each + "\n" for each in lines[max(0, line - _LINES_BEFORE) : line])
    after = "\n".join(lines[line + 1 : line + 1 + _LINES_AFTER])
    name = f"{module}:{line + 1}" + (f":{typed}" if typed else "")
    return Row(name, before + lines[line][:typed], after, lines[line][typed:] + "\n")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
