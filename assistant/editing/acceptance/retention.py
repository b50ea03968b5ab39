"""Whether what was taken is still there: its place followed through edits, and how much of it stands in that place."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

AFTER_S = (30, 120, 300)
"""Seconds after which it is looked at."""

# A place that a reload or a formatter made longer than this is not searched: nobody should wait for a figure.
_LONGEST = 200_000
_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Anchor:
    """The place of a text of ``length`` characters, from ``start`` to ``end`` of the text around it (code points).

    What is written in it belongs to it. What is written at its ends does so only while it is shorter than it was:
    that is an undo, or the same typed again.
    """

    start: int
    end: int
    length: int

    def after(self, position: int, removed: int, added: int) -> Anchor:
        """Return the place after an edit that put ``added`` characters in place of ``removed`` at ``position``."""
        gone = position + removed
        joins = removed == 0 and self.end - self.start < self.length
        if gone < self.start or (gone == self.start and not joins):
            return Anchor(self.start + added - removed, self.end + added - removed, self.length)
        if position > self.end or (position == self.end and not joins):
            return self
        return Anchor(min(self.start, position), position + added + max(0, self.end - gone), self.length)


def narrowed(old: str, new: str, position: int, removed: int, added: int) -> tuple[int, int, int]:
    """Return an edit without what it only put back, as reading a file again does, of which most is as it was.

    ``position``, ``removed`` and ``added`` count characters of the text before (``old``) and after (``new``).
    """
    before, after = old[position : position + removed], new[position : position + added]
    head = _same_head(before, after)
    before, after = before[head:], after[head:]
    tail = _same_head(before[::-1], after[::-1])
    return position + head, len(before) - tail, len(after) - tail


def _same_head(one: str, other: str) -> int:
    """Return how many characters two texts begin with alike; by halving, since slices compare quickly."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def retained_share(taken: str, now: str) -> float | None:
    """Return the share, 0 to 1, of the tokens of ``taken`` that stand in ``now``, near each other and in any order.

    Tokens are names, numbers and single signs. Of a ``now`` with more than twice as many tokens, the stretch that has
    the most of them counts. None where nothing can be told: ``taken`` is only white space, or ``now`` is enormous.
    """
    wanted = Counter(_TOKEN.findall(taken))
    if not wanted or len(now) > _LONGEST:
        return None
    tokens = _TOKEN.findall(now)
    size = 2 * wanted.total()
    window: Counter[str] = Counter()
    there = most = 0
    for index, token in enumerate(tokens):
        window[token] += 1
        there += window[token] <= wanted[token]
        if index >= size:
            left = tokens[index - size]
            there -= window[left] <= wanted[left]
            window[left] -= 1
        most = max(most, there)
    return most / wanted.total()
