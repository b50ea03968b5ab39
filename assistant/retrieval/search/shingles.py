"""How alike two pieces of code are, by the runs of three tokens that they share."""

from __future__ import annotations

import functools
import re

_TOKEN = re.compile(r"\w+|[^\w\s]")

Shingles = frozenset[tuple[str, str, str]]


# The same chunks come up with every key, and taking them apart is what costs time.
@functools.lru_cache(maxsize=512)
def shingles(text: str) -> Shingles:
    """Return every run of three tokens of the text, once; blanks and line ends do not count."""
    tokens = _TOKEN.findall(text)
    return frozenset(zip(tokens, tokens[1:], tokens[2:], strict=False))


def likeness(first: Shingles, second: Shingles) -> float:
    """Return 0 for nothing in common, 1 for the same: twice what both have over what each has (Dice)."""
    total = len(first) + len(second)
    return 2 * len(first & second) / total if total else 0.0


def alike(first: Shingles, second: Shingles, least: float) -> bool:
    """Return whether ``likeness`` is over ``least``; quicker, since most sizes rule it out."""
    most = 2 * min(len(first), len(second))
    return most > least * (len(first) + len(second)) and likeness(first, second) > least
