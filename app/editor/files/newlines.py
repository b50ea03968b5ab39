"""Line ends as pure functions: the editor works on LF alone, and the file keeps what it had."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import islice, pairwise

# Old lines times new lines: beyond this, comparing each with each takes seconds.
_MAX_COMPARED = 1_000_000

_BREAK = re.compile(r"\r\n|\r|\n")

_Match = tuple[int, int, int]
"""First old line, first new line, and how many lines are the same from there."""


def split_breaks(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the text with every line end as LF, and the line ends that it had, in order."""
    breaks = tuple(_BREAK.findall(text))
    return _BREAK.sub("\n", text), breaks


def main_break(breaks: tuple[str, ...], default: str = "\n") -> str:
    """Return the most frequent line end (the first of equals), or ``default`` where there is none."""
    return Counter(breaks).most_common(1)[0][0] if breaks else default


def join_breaks(old_text: str, breaks: tuple[str, ...], new_text: str) -> str:
    """Return ``new_text`` with the line ends of a file that held ``old_text`` with ``breaks``.

    Files with one kind of line end get that everywhere. In mixed files the lines that were
    there keep theirs, also where their text changed, and new lines take the most frequent one.
    """
    usual = main_break(breaks)
    if len(set(breaks)) <= 1:
        return new_text if usual == "\n" else new_text.replace("\n", usual)
    if new_text == old_text:
        ends = list(breaks)
    else:
        ends = _carried_over(old_text.split("\n"), breaks, new_text.split("\n"), usual)
    pieces = new_text.split("\n")
    for index in range(1, len(ends)):
        if ends[index - 1] == "\r" and ends[index] == "\n" and not pieces[index]:
            ends[index] = "\r"  # CR and LF with nothing between them would be one line end, and a line would be lost
    return "".join(piece + end for piece, end in zip(pieces, [*ends, ""], strict=True))


def _carried_over(old: list[str], breaks: tuple[str, ...], new: list[str], usual: str) -> list[str]:
    """Return a line end for each line of ``new`` but the last."""
    ends = [usual] * len(new)
    old_place = new_place = 0
    for old_start, new_start, size in [*_matches(old, new), (len(old), len(new), 0)]:
        # Of what changed, the last lines are the ones that were there: a break that is typed stands before the rest
        # of its line, and one that is deleted ends the line before.
        for back in range(1, min(old_start - old_place, new_start - new_place) + 1):
            _carry(ends, breaks, new_start - back, old_start - back)
        for step in range(size):
            _carry(ends, breaks, new_start + step, old_start + step)
        old_place, new_place = old_start + size, new_start + size
    return ends[:-1]


def _carry(ends: list[str], breaks: tuple[str, ...], new: int, old: int) -> None:
    if old < len(breaks):
        ends[new] = breaks[old]


def _matches(old: Sequence[str], new: Sequence[str]) -> Iterator[_Match]:
    """Yield the lines that both have, in order, none twice."""
    head = sum(1 for _ in _while_equal(old, new))
    limit = min(len(old), len(new)) - head
    tail = sum(1 for _ in islice(_while_equal(reversed(old), reversed(new)), limit))
    yield 0, 0, head
    for old_start, new_start, size in _inner(old[head : len(old) - tail], new[head : len(new) - tail]):
        yield head + old_start, head + new_start, size
    yield len(old) - tail, len(new) - tail, tail


def _inner(old: Sequence[str], new: Sequence[str]) -> Iterator[_Match]:
    """Match what lies between the first and the last change, in time that grows little faster than its length."""
    if not old or not new:
        return
    if len(old) == len(new) and 4 * sum(map(str.__ne__, old, new)) <= len(old):
        yield from _in_place(old, new)  # lines were changed, none came or went
    elif len(old) * len(new) <= _MAX_COMPARED:
        for block in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
            yield block.a, block.b, block.size
    else:
        yield from _between_anchors(old, new)


def _in_place(old: Sequence[str], new: Sequence[str]) -> Iterator[_Match]:
    for place, (one, other) in enumerate(zip(old, new, strict=True)):
        if one == other:
            yield place, place, 1


def _between_anchors(old: Sequence[str], new: Sequence[str]) -> Iterator[_Match]:
    """Cut long texts at the lines that are in each exactly once, and match what lies between (a patience diff)."""
    anchors = _anchors(old, new)
    if not anchors:
        yield from _by_stretches(old, new)
        return
    for (old_start, new_start), (old_end, new_end) in pairwise([(-1, -1), *anchors, (len(old), len(new))]):
        if old_start >= 0:
            yield old_start, new_start, 1
        for one, other, size in _matches(old[old_start + 1 : old_end], new[new_start + 1 : new_end]):
            yield old_start + 1 + one, new_start + 1 + other, size


def _by_stretches(old: Sequence[str], new: Sequence[str]) -> Iterator[_Match]:
    """Match long texts in which every line is there several times, a thousand lines at a time."""
    shift = len(new) - len(old)
    window = _MAX_COMPARED // 1000
    if abs(shift) >= window:
        return
    place = other = 0
    while place < len(old) and other < len(new):
        one, two = old[place : place + window], new[other : other + window]
        blocks = SequenceMatcher(None, one, two, autojunk=False).get_matching_blocks()
        for block in blocks:
            yield place + block.a, other + block.b, block.size
        last = blocks[-2] if len(blocks) > 1 else None
        if last is None:
            return
        place, other = place + last.a + last.size, other + last.b + last.size


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Return the lines that are once in each text, as far as they stand in the same order in both."""
    once_old = {line: place for place, line in _once(old)}
    pairs = [(once_old[line], place) for place, line in _once(new) if line in once_old]
    tops: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for index, (place, _) in enumerate(pairs):  # the longest rising sequence of old places
        pile = bisect_left(tops, place)
        before.append(ends[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [place]
        ends[pile : pile + 1] = [index]
    rising: list[tuple[int, int]] = []
    index = ends[-1] if ends else -1
    while index >= 0:
        rising.append(pairs[index])
        index = before[index]
    return rising[::-1]


def _once(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    counts = Counter(lines)
    return ((place, line) for place, line in enumerate(lines) if counts[line] == 1)


def _while_equal(first: Iterable[str], second: Iterable[str]) -> Iterator[str]:
    for one, other in zip(first, second, strict=False):
        if one != other:
            return
        yield one
