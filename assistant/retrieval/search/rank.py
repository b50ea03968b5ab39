"""One order out of several: candidates of all sources, fused by their ranks."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from assistant.retrieval.search.candidate import Candidate, Origin

_TOKEN = re.compile(r"\w+|[^\w\s]")
Shingles = frozenset[tuple[str, str, str]]
"""The runs of three tokens by which two texts are compared."""

# How much a source's word counts. What stands in like company is most often what is written next; of the definitions
# nearby the first few are enough.
WEIGHTS: Mapping[Origin, float] = {
    "definitions": 0.5,
    "search": 2.0,
    "recent": 0.7,
    "tabs": 0.4,
    "same_file": 2.0,
}
# Small: the first two or three of each source are what fits into a prompt, so they have to stand out.
_RANK_OFFSET = 2
# What a candidate of no strength counts, of the strongest at its rank.
_WEAKEST = 0.1
MOST_LIKE_CURSOR = 0.5
MOST_ALIKE = 0.9
# Under this share of what the cursor speaks of a candidate costs time and tells nothing.
LEAST_STRENGTH = 0.06


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with its fused score, higher is better."""

    candidate: Candidate
    score: float


def fuse(lists: Mapping[Origin, Sequence[Candidate]], weights: Mapping[Origin, float] = WEIGHTS) -> list[Ranked]:
    """Return all candidates, best first, by the weighted sum of their reciprocal ranks.

    One place that several sources found is one candidate: the first source's words for it, everyone's score. Those
    weaker than ``LEAST_STRENGTH`` are left out; where that leaves none, nothing helps.
    """
    scores: dict[tuple[str, int, int], float] = {}
    first: dict[tuple[str, int, int], Candidate] = {}
    for origin, candidates in lists.items():
        for rank, candidate in enumerate(candidates):
            if candidate.strength >= LEAST_STRENGTH and candidate.text.strip():
                first.setdefault(candidate.key, candidate)
                strength = _WEAKEST + (1 - _WEAKEST) * candidate.strength
                score = strength * weights[origin] / (_RANK_OFFSET + rank)
                scores[candidate.key] = scores.get(candidate.key, 0.0) + score
    ranked = [Ranked(first[key], score) for key, score in scores.items()]
    return sorted(ranked, key=lambda each: -each.score)


def without_copies(ranked: Iterable[Ranked], block: str, limit: int) -> list[Ranked]:
    """Return the first ``limit`` that are near-copies neither of ``block``, the text at the cursor, nor of a better.

    A near-copy of the cursor makes a model repeat what stands there; one of another candidate costs tokens twice.
    """
    at_cursor = shingles(block)
    kept: list[Ranked] = []
    seen: list[Shingles] = []
    for each in ranked:
        if len(kept) == limit:
            break
        own = shingles(each.candidate.text)
        if alike(own, at_cursor, MOST_LIKE_CURSOR) or any(alike(own, other, MOST_ALIKE) for other in seen):
            continue
        kept.append(each)
        seen.append(own)
    return kept


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
