"""What many measured values say together: median and spread, and percentiles where some were cut off."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Summary:
    """The median of ``n`` values, with the lowest and the highest."""

    median: float
    low: float
    high: float
    n: int


def summarise(values: Sequence[float]) -> Summary | None:
    """Return the summary; None of nothing."""
    return Summary(statistics.median(values), min(values), max(values), len(values)) if values else None


def ratio(ours: float | None, theirs: float | None) -> float | None:
    """Return how many times ``theirs`` fits into ``ours``; None where one is not known."""
    return None if ours is None or not theirs else ours / theirs


def time_until(share: float, arrived: Sequence[float], cut_off: Sequence[float] = ()) -> float | None:
    """Return the time by which ``share`` (0 to 1) of all that was waited for has come.

    ``arrived`` are waits that ended well. ``cut_off`` are waits that something else ended, at that time, without an
    answer: they count as longer than that, by how much nobody knows (Kaplan and Meier's estimate). To leave them out
    would favour whoever is slow, since only its quick answers come in time. None where too much was cut off to tell.
    """
    missing = 1.0
    waiting = len(arrived) + len(cut_off)
    # At the same time an answer counts before a cut: it did come.
    for time, came in sorted([*((t, True) for t in arrived), *((t, False) for t in cut_off)], key=_order):
        if came:
            missing *= 1 - 1 / waiting
            # The products above lose the last digits.
            if missing <= 1 - share + 1e-9:
                return time
        waiting -= 1
    return None


def _order(wait: tuple[float, bool]) -> tuple[float, bool]:
    time, came = wait
    return time, not came
