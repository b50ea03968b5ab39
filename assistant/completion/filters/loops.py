"""A model that says the same again and again: lines, blocks of lines, and pieces within a line."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.completion.filters.draft import Hole
from assistant.languages import language_named

_TIMES = 3
"""So often a line or a long block in a row is enough."""
_SHORT_BLOCK = 6
_TELLING = 8
"""Letters and digits that make a line say something."""
_LEAST_RUN = ((20, 3), (10, 4), (3, 6), (1, 80))
"""How often a piece of at least so many characters comes in a row before it is a loop: of short ones data are made."""
_PROBE = 8


def repeats_itself(hole: Hole, kept: Sequence[str], line: str) -> bool:
    """Return whether a line or a block comes the third time in a row, a short telling block the second time."""
    if not line.strip():
        return False
    record = language_named(hole.syntax.language)
    ends = record.blocks.ends if record else ()
    # Blocks in blocks end alike, each at its own depth.
    bare = [each.rstrip() if each.strip() in ends else each.strip() for each in (*kept, line) if each.strip()]
    for size, times in _periods(bare[::-1]):
        block = bare[-size:]
        telling = sum(_letters(each) >= _TELLING for each in block) >= size / 2
        if times >= _TIMES and any(_letters(each) for each in block):
            return True
        if times >= 2 and 1 < size <= _SHORT_BLOCK and telling:
            return True
    return False


def runs_in_circles(line: str) -> int | None:
    """Return where a line that ends in the same again and again says it the second time; None for other lines."""
    # Where its last characters did not come before it is no loop: that is so of nearly all lines, and quick to tell.
    if line.rfind(line[-_PROBE:], 0, len(line) - 1) < 0:
        return None
    for size, times in _periods(line[::-1]):
        most = next((least for length, least in _LEAST_RUN if size >= length), None)
        if most is not None and times >= most and any(map(str.isalnum, line[-size:])):
            return _first_end(line, size)
    return None


def _first_end(line: str, size: int) -> int:
    """Return where a run of pieces of this size, with which a line ends, has said its piece once."""
    start = len(line) - size
    while start >= size and line[start - size : start] == line[-size:]:
        start -= size
    return start + size


def _periods(reverse: Sequence[str]) -> list[tuple[int, int]]:
    """Return of what is said again at the end: how long it is and how often it comes in a row, the shortest first.

    ``reverse`` begins with the last. The prefix function of it gives the shortest period of each of its beginnings, in
    linear time; only whole repetitions count.
    """
    borders = [0] * len(reverse)
    found: dict[int, int] = {}
    border = 0
    for place in range(1, len(reverse)):
        while border and reverse[place] != reverse[border]:
            border = borders[border - 1]
        border += reverse[place] == reverse[border]
        borders[place] = border
        period = place + 1 - border
        if (place + 1) // period > 1:
            found[period] = (place + 1) // period
    return sorted(found.items())


def _letters(line: str) -> int:
    return sum(letter.isalnum() for letter in line)
