"""The marks of an answer, and what many of them say together: 95 % intervals, percentiles, a paired test."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

# The quantile of the normal distribution for 95 % in the middle.
_Z = 1.959963984540054
_RESAMPLES = 1000


def normal_form(text: str) -> str:
    """Return what exact match compares.

    Line ends become line feeds, blanks at the end of each line go, and so do empty lines at the end. What stands at
    the left counts: indentation is meaning in Python, and an empty first line is an answer that begins a line too low.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).rstrip("\n")


def exact_match(answer: str, solution: str) -> bool:
    """Return whether both are the same in normal form."""
    return normal_form(answer) == normal_form(solution)


def first_line_match(answer: str, solution: str) -> bool:
    """Return whether the first lines are the same in normal form: right as far as it goes, whatever follows."""
    return normal_form(answer).split("\n", 1)[0] == normal_form(solution).split("\n", 1)[0]


def edit_similarity(answer: str, solution: str) -> float:
    """Return 1 - Levenshtein distance / length of the longer, in normal form; 1.0 for two empty texts."""
    first, second = normal_form(answer), normal_form(solution)
    longest = max(len(first), len(second))
    return 1 - levenshtein(first, second) / longest if longest else 1.0


def levenshtein(first: str, second: str) -> int:
    """Return the least number of characters to insert, delete or replace to make one text the other.

    Ten lines instead of a library: answers are a few hundred characters long and the model needs a thousand times as
    long to write them. difflib's ratio is another measure.
    """
    if len(first) < len(second):
        first, second = second, first
    row = list(range(len(second) + 1))
    for above, left in enumerate(first, 1):
        diagonal, row[0] = row[0], above
        for column, right in enumerate(second, 1):
            replaced = diagonal + (left != right)
            diagonal = row[column]
            row[column] = min(replaced, diagonal + 1, row[column - 1] + 1)
    return row[-1]


def mean(values: Sequence[float]) -> float:
    """Return the mean; 0.0 of nothing."""
    return math.fsum(values) / len(values) if values else 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` (0 to 1) of them lie, between neighbours by a straight line."""
    if not values:
        return 0.0
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share; (0, 1) where nothing was counted."""
    if not n:
        return 0.0, 1.0
    share, z2 = hits / n, _Z * _Z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    # At the ends the exact bounds are 0 and 1; rounding must not miss them.
    return (0.0 if hits == 0 else max(middle - half, 0.0)), (1.0 if hits == n else min(middle + half, 1.0))


def bootstrap(values: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """Return the 95 % percentile-bootstrap interval of a mean, the same at each call; (0, 1) of nothing."""
    if not values:
        return 0.0, 1.0
    draw = random.Random(seed)  # noqa: S311 - statistics, no secret
    means = [mean(draw.choices(values, k=len(values))) for _ in range(_RESAMPLES)]
    return percentile(means, 0.025), percentile(means, 0.975)


def mcnemar(only_first: int, only_second: int) -> float:
    """Return the two-sided p-value of McNemar's exact test.

    ``only_first`` and ``only_second`` count the pairs in which one of two runs was right and the other wrong. 1.0
    where there is no such pair.
    """
    n = only_first + only_second
    tail = sum(math.comb(n, k) for k in range(min(only_first, only_second) + 1))
    # Whole numbers until the last step: 2**-n alone is no float for large n.
    return min(1.0, 2 * tail / 2**n) if n else 1.0
