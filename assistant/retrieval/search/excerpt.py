"""The lines of a chunk that are worth their tokens: those that speak of what the cursor does, and what follows them."""

from __future__ import annotations

import functools
from dataclasses import replace
from itertools import accumulate

from assistant.retrieval.index.words import words_of
from assistant.retrieval.search.candidate import Candidate
from assistant.retrieval.search.query import Query

# A chunk is a whole function where it can be; three or four pieces are to fit into a prompt.
_TOKENS_A_LINE = 32
_FEWEST_LINES, _MOST_LINES = 8, 32
# The first line moves in steps, so that a key more or less does not change what is in the prompt.
_STEP_LINES = 4
# What comes after code like that at the cursor is what is looked for, so a line counts for the lines below it too.
_CARRIED = 0.6


def lines_for(budget: int) -> int:
    """Return how many lines one piece may have where all have ``budget`` tokens."""
    return min(max(budget // _TOKENS_A_LINE, _FEWEST_LINES), _MOST_LINES)


def excerpt(candidate: Candidate, query: Query, most_lines: int) -> Candidate:
    """Return the ``most_lines`` lines of the candidate that share most with the cursor; a definition stays whole."""
    lines = candidate.text.splitlines(keepends=True)
    if len(lines) <= most_lines or candidate.short:
        return candidate
    weights = {word: 1 / (1 + place / 8) for place, word in enumerate(query.words)}
    own = [sum(weights.get(word, 0.0) for word in _line_words(line)) for line in lines]
    gains = list(accumulate(own, _carry))
    last = len(lines) - most_lines
    start = max([*range(0, last, _STEP_LINES), last], key=lambda start: sum(gains[start : start + most_lines]))
    first_line = candidate.first_line + start
    text = "".join(lines[start : start + most_lines])
    return replace(candidate, first_line=first_line, last_line=first_line + most_lines - 1, text=text)


def _carry(carried: float, gain: float) -> float:
    return gain + _CARRIED * carried


@functools.lru_cache(maxsize=4096)
def _line_words(line: str) -> frozenset[str]:
    return frozenset(words_of(line))
