"""Places that may go on as the cursor does: the lines around them are, one by one, like those around the cursor.

What somebody writes next stands often somewhere already in the same company: the same call after the same assignment,
the same branch in the sister of a class. Words in common find the file, lines in order find the place.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.retrieval.search.window import Window

_NAME = re.compile(r"[^\W\d]\w+")
_LONGEST_LINE = 400
_ABOVE, _BELOW = 8, 4
_FADES = 0.8
"""What a line further from the cursor counts, of the one before it."""
_BELOW_COUNTS = 0.5
_REACH = 7
"""Among so many lines below a place the lines below the cursor are looked for: between them is what is missing."""
_SAME_LINES = 4
_TELLING = 2
"""Names that make a line say something."""

Names = frozenset[str]


@dataclass(frozen=True)
class ContextLines:
    """The names in each line around a cursor that has any text, the nearest first; its own line is above."""

    above: tuple[Names, ...]
    below: tuple[Names, ...]

    def line(self, number: int) -> Names:
        """Return a line by its number: those above first, then those below."""
        return self.above[number] if number < len(self.above) else self.below[number - len(self.above)]

    @functools.cached_property
    def lines_of(self) -> dict[str, list[int]]:
        """The numbers of the lines that have a name."""
        found: dict[str, list[int]] = {}
        for number, names in enumerate((*self.above, *self.below)):
            for name in names:
                found.setdefault(name, []).append(number)
        return found

    @functools.cached_property
    def most(self) -> float:
        """The score of a place with the same lines around it."""
        above = sum(_FADES**number * _weight(names) for number, names in enumerate(self.above))
        below = sum(_FADES**number * _weight(names) for number, names in enumerate(self.below))
        return above + _BELOW_COUNTS * below


@dataclass(frozen=True, slots=True)
class ContextMatch:
    """Line ``line`` (from 0) of a text is like the one above the cursor; ``score`` is 0 to 1."""

    line: int
    score: float


def read_context(window: Window) -> ContextLines:
    """Return the company of the window's cursor."""
    above = [line for line in window.prefix.split("\n") if line.strip()]
    below = [line for line in window.suffix.split("\n")[1:] if line.strip()]
    return ContextLines(tuple(map(_names, above[: -_ABOVE - 1 : -1])), tuple(map(_names, below[:_BELOW])))


def find_context_matches(lines: Sequence[str], context: ContextLines, most: int, apart: int) -> list[ContextMatch]:
    """Return at most ``most`` lines with company like the cursor's, the likest first, ``apart`` lines apart.

    Of places that go on with the same lines the first is enough.
    """
    places = [number for number, line in enumerate(lines) if line.strip()]
    scores = _scores([_names(lines[place]) for place in places], context)
    found: list[ContextMatch] = []
    seen: set[tuple[str, ...]] = set()
    for at in sorted(range(len(places)), key=lambda at: -scores[at]):
        if len(found) == most or not scores[at]:
            break
        following = tuple(lines[places[at] : places[at] + _SAME_LINES])
        if following not in seen and all(abs(places[at] - other.line) >= apart for other in found):
            seen.add(following)
            found.append(ContextMatch(places[at], scores[at]))
    return found


def _scores(lines: Sequence[Names], context: ContextLines) -> list[float]:
    """Return for each line how like the cursor's the company of the place below it is, 0 to 1."""
    scores = [0.0] * len(lines)
    lower = [[0.0] * len(lines) for _ in context.below]
    for at, names in enumerate(lines):
        for number, likeness in _likenesses(names, context):
            if number < len(context.above):
                if at + number < len(lines):
                    scores[at + number] += _FADES**number * likeness
            else:
                row = lower[number - len(context.above)]
                for place in range(max(at - _REACH, 0), at):
                    row[place] = max(row[place], likeness)
    for number, row in enumerate(lower):
        for place, likeness in enumerate(row):
            scores[place] += _BELOW_COUNTS * _FADES**number * likeness
    return [score / context.most for score in scores] if context.most else scores


def _likenesses(names: Names, context: ContextLines) -> Iterator[tuple[int, float]]:
    """Yield the numbers of the company's lines, above and then below, that share names with a line, and how much.

    That is the share of the names of both that they have in common, less where a line has next to none.
    """
    common = Counter(number for name in names & context.lines_of.keys() for number in context.lines_of[name])
    for number, both in common.items():
        own = context.line(number)
        yield number, both / (len(own) + len(names) - both) * _weight(own)


def _weight(names: Names) -> float:
    return min(len(names) / _TELLING, 1.0)


# The same lines come up with every key.
@functools.lru_cache(maxsize=1 << 14)
def _names(line: str) -> Names:
    return frozenset(_NAME.findall(line[:_LONGEST_LINE]))
