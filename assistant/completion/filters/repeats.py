"""Repetition: of what stands below the cursor, and of the suggestion itself."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from assistant.completion.filters.draft import Hole
from assistant.completion.shape import indent_width

MAX_SAME_LINES = 3
_LONGEST_BLOCK = 6
_TELLING, _FURTHER = 8, 20
"""Letters and digits that make a line say something, and enough to be recognised further below: no ``return False``."""
_LOOSE = str.maketrans("", "", " \t'\"`,;")
_DISTANCE = 0.1
_RUNS = (re.compile(r"(.{3,12}?)\1{5,}$"), re.compile(r"(.{10,40}?)\1{3,}$"))
_SHORTEST_RUN, _RUN_IN = 18, 240


def repeats_below(hole: Hole, kept: Sequence[str], line: str) -> bool:
    """Return whether the line stands below already, next or a little further.

    The next line is enough by itself. Further below it has to be telling, or the second of two lines that nearly are
    those two: code that differs in one name or number looks alike and is no repetition.
    """
    below = hole.syntax.below
    bare = line.strip()
    if not bare or not below:
        return False
    if same_line(line, below[0]):
        return True
    loose = _loose(line)
    if _letters(line) >= _FURTHER and any(loose == _loose(other) for other in below[1:3]):
        return True
    last = next((each for each in reversed(kept) if each.strip()), None)
    if last is None:
        return False
    pair = _loose(last) + loose
    pairs = (_loose(first) + _loose(second) for first, second in itertools.pairwise(below))
    return len(pair) >= 2 * _TELLING and any(near(pair, other) for other in pairs)


def may_repeat_below(hole: Hole, partial: str) -> bool:
    """Return whether the line that is being written may yet become the next line below."""
    below = next(iter(hole.syntax.below), "").strip()
    return bool(below) and below.startswith(partial.strip())


def same_line(line: str, below: str) -> bool:
    """Return whether two lines are the same; of brackets alone, only where they are indented alike."""
    if line.strip() != below.strip():
        return False
    return any(letter.isalnum() for letter in line) or indent_width(line) == indent_width(below)


def repeats_itself(_hole: Hole, kept: Sequence[str], line: str) -> bool:
    """Return whether a line comes the third time in a row, or several lines the second time: the model goes round."""
    bare = [each.strip() for each in (*kept, line) if each.strip()]
    if not line.strip():
        return False
    if any(map(str.isalnum, bare[-1])) and bare[-MAX_SAME_LINES:].count(bare[-1]) == MAX_SAME_LINES:
        return True
    for size in range(2, min(_LONGEST_BLOCK, len(bare) // 2) + 1):
        first, second = bare[-2 * size : -size], bare[-size:]
        if first == second and sum(_letters(each) >= _TELLING for each in second) >= size / 2:
            return True
    return False


def runs_in_circles(line: str) -> int | None:
    """Return where a line that ends in the same again and again says it the second time; None for other lines."""
    if len(line) < _SHORTEST_RUN:
        return None
    start = max(len(line) - _RUN_IN, 0)
    for pattern in _RUNS:
        found = pattern.search(line, start)
        if found and any(letter.isalnum() for letter in found[1]):
            return found.start() + len(found[1])
    return None


def near(first: str, second: str) -> bool:
    """Return whether two texts differ in at most a tenth of their characters, and not in their numbers."""
    most = int(_DISTANCE * max(len(first), len(second)))
    if abs(len(first) - len(second)) > most or re.findall(r"\d+", first) != re.findall(r"\d+", second):
        return False
    return _distance(first[:400], second[:400], most) <= most


def _distance(first: str, second: str, most: int) -> int:
    """Return the Levenshtein distance, or something over ``most`` as soon as it is sure to be over."""
    row = list(range(len(second) + 1))
    for above, left in enumerate(first, 1):
        diagonal, row[0] = row[0], above
        for column, right in enumerate(second, 1):
            diagonal, row[column] = row[column], min(diagonal + (left != right), row[column] + 1, row[column - 1] + 1)
        if min(row) > most:
            return most + 1
    return row[-1]


def _letters(line: str) -> int:
    return sum(letter.isalnum() for letter in line)


def _loose(line: str) -> str:
    """Return a line without blanks, quotes, commas and semicolons: what reformatting may change."""
    return line.translate(_LOOSE)
