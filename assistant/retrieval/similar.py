"""How alike two pieces of code are, by the runs of three tokens that they share."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\w+|[^\w\s]")

Shingles = frozenset[tuple[str, str, str]]


def shingles(text: str) -> Shingles:
    """Return every run of three tokens of the text, once; blanks and line ends do not count."""
    tokens = _TOKEN.findall(text)
    return frozenset(zip(tokens, tokens[1:], tokens[2:], strict=False))


def likeness(first: Shingles, second: Shingles) -> float:
    """Return 0 for nothing in common, 1 for the same: twice what both have over what each has (Dice)."""
    total = len(first) + len(second)
    return 2 * len(first & second) / total if total else 0.0


def contained(part: Shingles, whole: Shingles) -> float:
    """Return which share of ``part`` is in ``whole`` too; 0 where ``part`` is too short to tell."""
    return len(part & whole) / len(part) if part else 0.0
