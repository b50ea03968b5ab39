"""Whether an adapter is switched on: one rule over measured figures, and one sentence that gives the reason."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.measure.evaluate.report import Interval
from assistant.measure.repository.figures import Difference
from assistant.measure.repository.page import points
from finetune.events import Verdict

MOST_FORGOTTEN = 0.015
"""Of the standard library's holes an adapter may lose this share before what it costs elsewhere counts."""


@dataclass(frozen=True, slots=True)
class Forgetting:
    """What the adapter did to code that is not the repository's: shares right on ``n`` holes of the standard library.

    ``difference`` is the adapter's share less the base's, with its 95 % interval by the paired bootstrap.
    """

    n: int
    base: float
    adapter: float
    difference: float
    interval: Interval


def judge(
    gain: Difference,
    right: tuple[float, float],
    n: int,
    scale: float,
    forgetting: Forgetting | None,
    *,
    wanted: bool = True,
) -> Verdict:
    """Return the verdict on what the editor would use: retrieval with the adapter against retrieval alone.

    ``gain`` is that difference, ``right`` the share of ``n`` holes right without and with the adapter. It is switched
    on where the interval of exact match lies above zero, or that of edit similarity does and no exact match is lost;
    and where it is not shown to lose more of the standard library than MOST_FORGOTTEN. ``wanted`` False: it stays off
    whatever is found.
    """
    low, high = gain.exact_interval
    said = (
        f"{percent(right[1])} of {n} held-out holes are filled exactly with it, {percent(right[0])} without "
        f"({points(gain.exact_match)} points, 95 % interval {points(low)} to {points(high)})"
    )
    better = low > 0
    closer = gain.exact_match >= 0 and gain.similarity_interval[0] > 0
    if high < 0:
        return Verdict(False, 0.0, f"Left off, it harms: {said}.")
    if not better and not closer:
        return Verdict(False, 0.0, f"Left off, it is not shown to help: {said}.")
    if forgetting is not None and forgetting.interval[1] < 0 and forgetting.difference < -MOST_FORGOTTEN:
        return Verdict(
            False,
            0.0,
            f"Left off, it forgets: of the standard library's holes {percent(forgetting.adapter)} are filled exactly "
            f"with it, {percent(forgetting.base)} without.",
        )
    if not better:
        similar = gain.edit_similarity, *gain.similarity_interval
        alike = f"{points(similar[0])} points of edit similarity, {points(similar[1])} to {points(similar[2])}"
        said = f"answers are closer ({alike}), and {said}"
    if not wanted:
        return Verdict(False, 0.0, f"Left off as you asked, it helps at strength {scale:g}: {said}.")
    return Verdict(True, scale, f"Switched on at strength {scale:g}: {said}.")


def percent(share: float) -> str:
    """Return a share for people."""
    return f"{100 * share:.1f} %"
