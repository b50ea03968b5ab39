"""What came of holes in many languages: by language, by kind and by both, for each way of asking."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.measure.evaluate.ask import Answer
from assistant.measure.evaluate.data import Row
from assistant.measure.evaluate.holes import HoleRow
from assistant.measure.evaluate.metrics import exact_match, mcnemar, mean, wilson
from assistant.measure.evaluate.perfect import VERDICTS, judge
from assistant.measure.evaluate.report import Share

PERFECT = "perfect"


@dataclass(frozen=True, slots=True)
class AskedHole:
    """One hole with the answer of each arm, by the arm's name."""

    hole: HoleRow
    answers: Mapping[str, Answer]

    def exact(self, arm: str) -> bool:
        """Return whether an arm makes the file what it was."""
        answer = self.answers[arm]
        return not answer.error and exact_match(answer.text, self.hole.row.right(answer.replaces))

    def verdict(self, arm: str) -> str:
        """Return one of VERDICTS."""
        return judge(self.hole.row, self.answers[arm])


@dataclass(frozen=True, slots=True)
class Group:
    """The figures of some holes: for each arm the share that is exactly right, and what its answers were.

    ``p_value``: McNemar's, of the first arm beside the second; 1 where there is one only.
    """

    n: int
    exact: Mapping[str, Share]
    verdicts: Mapping[str, Mapping[str, int]]
    p_value: float


@dataclass(frozen=True, slots=True)
class HolesReport:
    """The figures of a run."""

    all: Group
    by_language: Mapping[str, Group]
    by_kind: Mapping[str, Group]
    by_both: Mapping[tuple[str, str], Group]
    failed: Mapping[str, int]
    """How many holes got no answer, by arm; they count as wrong."""


def ask_holes(rows: Iterable[HoleRow], arms: Mapping[str, Callable[[Row], Answer]]) -> Iterator[AskedHole]:
    """Yield each hole once every arm was asked."""
    for hole in rows:
        yield AskedHole(hole, {name: ask(hole.row) for name, ask in arms.items()})


def summarise(asked: Sequence[AskedHole], arms: Sequence[str]) -> HolesReport:
    """Return the figures of holes that each of the arms was asked."""
    return HolesReport(
        all=_group(asked, arms),
        by_language=_grouped(asked, arms, lambda each: each.hole.language),
        by_kind=_grouped(asked, arms, lambda each: each.hole.kind),
        by_both=_grouped(asked, arms, lambda each: (each.hole.language, each.hole.kind)),
        failed={arm: sum(bool(each.answers[arm].error) for each in asked) for arm in arms},
    )


def to_json(report: HolesReport) -> dict[str, Any]:
    """Return the figures as ``--json`` prints them; shares are 0 to 1."""
    both: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for (language, kind), group in report.by_both.items():
        both[language][kind] = _group_json(group)
    return {
        **_group_json(report.all),
        "by_language": {name: _group_json(group) for name, group in report.by_language.items()},
        "by_kind": {name: _group_json(group) for name, group in report.by_kind.items()},
        "by_language_and_kind": dict(both),
        "failed": dict(report.failed),
    }


def line_of(asked: AskedHole) -> dict[str, Any]:
    """Return what ``--output`` writes for a hole."""
    hole, row = asked.hole, asked.hole.row
    return {
        "id": row.id,
        "path": row.path,
        "language": hole.language,
        "kind": hole.kind,
        "truth": row.solution,
        "arms": {
            arm: {
                "answer": answer.text,
                "replaces": answer.replaces,
                "exact_match": asked.exact(arm),
                "verdict": asked.verdict(arm),
                "ms": round(answer.ms, 1),
                "prompt_tokens": answer.prompt_tokens,
                "generated_tokens": answer.generated_tokens,
                "filters": list(answer.filters),
                "mean_logprob": answer.mean_logprob,
                "error": answer.error,
            }
            for arm, answer in asked.answers.items()
        },
    }


def _grouped(asked: Sequence[AskedHole], arms: Sequence[str], key: Callable[[AskedHole], Any]) -> dict[Any, Group]:
    groups: defaultdict[Any, list[AskedHole]] = defaultdict(list)
    for each in asked:
        groups[key(each)].append(each)
    return {name: _group(holes, arms) for name, holes in groups.items()}


def _group(asked: Sequence[AskedHole], arms: Sequence[str]) -> Group:
    marks = {arm: [each.exact(arm) for each in asked] for arm in arms}
    verdicts = {arm: Counter(each.verdict(arm) for each in asked) for arm in arms}
    return Group(
        n=len(asked),
        exact={arm: Share(mean(each), wilson(sum(each), len(each)), len(each)) for arm, each in marks.items()},
        verdicts={arm: {name: counts[name] for name in VERDICTS} for arm, counts in verdicts.items()},
        p_value=_p_value(*(marks[arm] for arm in arms[:2])),
    )


def _p_value(first: Sequence[bool], second: Sequence[bool] | None = None) -> float:
    pairs = list(zip(first, first if second is None else second, strict=True))
    return mcnemar(pairs.count((True, False)), pairs.count((False, True)))


def _group_json(group: Group) -> dict[str, Any]:
    return {
        "n": group.n,
        "exact_match": {arm: round(share.value, 4) for arm, share in group.exact.items()},
        "intervals": {arm: [round(bound, 4) for bound in share.interval] for arm, share in group.exact.items()},
        "verdicts": {arm: dict(counts) for arm, counts in group.verdicts.items()},
        "p_value": group.p_value,
    }
