"""Two ways of answering the same rows: how much oftener one is right, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.measure.evaluate.metrics import mcnemar, mean
from assistant.measure.evaluate.report import Interval
from assistant.measure.repository.bootstrap import mean_interval


@dataclass(frozen=True, slots=True)
class Difference:
    """The second less the first, as a share of ``n`` rows, with its 95 % interval by the paired bootstrap.

    ``only_first`` and ``only_second`` count the rows that one alone has right; ``p_value`` is McNemar's, exact.
    """

    n: int
    value: float
    interval: Interval
    only_first: int
    only_second: int
    p_value: float


def difference(first: Sequence[bool], second: Sequence[bool]) -> Difference:
    """Return what two sequences of marks, of the same rows in the same order, come to."""
    steps = [float(other) - float(one) for one, other in zip(first, second, strict=True)]
    only_first, only_second = steps.count(-1.0), steps.count(1.0)
    p_value = mcnemar(only_first, only_second)
    return Difference(len(steps), mean(steps), mean_interval(steps), only_first, only_second, p_value)


def difference_json(each: Difference) -> dict[str, object]:
    """Return a difference as ``--json`` prints it."""
    return {
        "exact_match": round(each.value, 4),
        "exact_match_interval": [round(bound, 4) for bound in each.interval],
        "only_first": each.only_first,
        "only_second": each.only_second,
        "p_value": each.p_value,
    }
