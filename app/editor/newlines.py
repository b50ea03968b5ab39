"""Line ends as pure functions: the editor works on LF alone, and the file keeps what it had."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from itertools import islice

# Old lines times new lines: beyond this, comparing takes seconds, and changed regions take the usual line end.
_MAX_COMPARED = 1_000_000

_BREAK = re.compile(r"\r\n|\r|\n")


def split_breaks(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the text with every line end as LF, and the line ends that it had, in order."""
    breaks = tuple(_BREAK.findall(text))
    return _BREAK.sub("\n", text), breaks


def main_break(breaks: tuple[str, ...], default: str = "\n") -> str:
    """Return the most frequent line end (the first of equals), or ``default`` where there is none."""
    return Counter(breaks).most_common(1)[0][0] if breaks else default


def join_breaks(old_text: str, breaks: tuple[str, ...], new_text: str) -> str:
    """Return ``new_text`` with the line ends of a file that held ``old_text`` with ``breaks``.

    Files with one kind of line end get that everywhere. In mixed files the lines that did
    not change keep theirs, and new lines take the most frequent one.
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
    """Return a line end for each line of ``new`` but the last.

    What begins and ends alike is matched first, so that the slow comparison sees only the
    part that changed.
    """
    head = sum(1 for _ in _while_equal(old, new))
    limit = min(len(old), len(new)) - head
    tail = sum(1 for _ in islice(_while_equal(reversed(old), reversed(new)), limit))
    ends = [usual] * len(new)
    matches = [(0, 0, head), (len(old) - tail, len(new) - tail, tail)]
    inner_old, inner_new = old[head : len(old) - tail], new[head : len(new) - tail]
    if len(inner_old) * len(inner_new) <= _MAX_COMPARED:
        blocks = SequenceMatcher(None, inner_old, inner_new, autojunk=False).get_matching_blocks()
        matches.extend((head + block.a, head + block.b, block.size) for block in blocks)
    for old_start, new_start, size in matches:
        for step in range(size):
            if old_start + step < len(breaks):
                ends[new_start + step] = breaks[old_start + step]
    return ends[:-1]


def _while_equal(first: Iterable[str], second: Iterable[str]) -> Iterator[str]:
    for one, other in zip(first, second, strict=False):
        if one != other:
            return
        yield one
