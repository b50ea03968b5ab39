"""How strongly an adapter speaks: tried on holes of the validation slice, which the verdict does not look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.measure.evaluate.metrics import mean
from assistant.measure.repository.ask import Mark

SCALES = (1.0, 0.75, 0.5)
MOST_HOLES = 40
_NO_WORSE = 0.005
"""A weaker adapter has to be better by this much of edit similarity: less than that is noise."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A strength with the mean edit similarity and the share of exact answers that it came to."""

    scale: float
    similarity: float
    exact_match: float


def try_scales(ask: Callable[[float], Sequence[Mark]], scales: Sequence[float] = SCALES) -> list[Tried]:
    """Return what each strength came to; ``ask`` returns the marks of the same holes at a strength."""
    tried: list[Tried] = []
    for scale in scales:
        marks = ask(scale)
        tried.append(
            Tried(scale, mean([mark.similarity for mark in marks]), mean([float(mark.exact) for mark in marks]))
        )
    return tried


def best(tried: Sequence[Tried]) -> float:
    """Return the strength with the most similar answers; between equals the first, which is the strongest.

    Similarity moves with every hole, exact match with a few: over some forty holes only the first tells them apart.
    """
    chosen = tried[0]
    for each in tried[1:]:
        if each.similarity > chosen.similarity + _NO_WORSE:
            chosen = each
    return chosen.scale
