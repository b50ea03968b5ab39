"""What came of holes in many languages: by language, by kind and by both, for each way of asking."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from assistant.measure.evaluate.ask import Answer
from assistant.measure.evaluate.data import Row
from assistant.measure.evaluate.holes import HoleRow
from assistant.measure.evaluate.metrics import exact_match, mean, percentile, wilson
from assistant.measure.evaluate.paired import Difference, difference, difference_json
from assistant.measure.evaluate.perfect import VERDICTS, judge
from assistant.measure.evaluate.report import Share
from assistant.retrieval.search.outline import IN_SHORT

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

    ``differences``: by the name of each arm but the first, how much oftener the first one is right.
    """

    n: int
    exact: Mapping[str, Share]
    verdicts: Mapping[str, Mapping[str, int]]
    differences: Mapping[str, Difference]

    @property
    def p_value(self) -> float:
        """McNemar's, of the first arm beside the second; 1 where there is one only."""
        return next((each.p_value for each in self.differences.values()), 1.0)


@dataclass(frozen=True, slots=True)
class Cost:
    """What an answer of an arm takes, as medians: tokens, and milliseconds. Holes without an answer are left out.

    ``prompt_tokens`` are those of all its prompts, ``read_tokens`` what of these was in no cache, ``outline_tokens``
    the open file in short.
    """

    prompt_tokens: float
    read_tokens: float
    outline_tokens: float
    prefill_ms: float
    ms: float


@dataclass(frozen=True, slots=True)
class HolesReport:
    """The figures of a run."""

    all: Group
    by_language: Mapping[str, Group]
    by_kind: Mapping[str, Group]
    by_both: Mapping[tuple[str, str], Group]
    failed: Mapping[str, int]
    """How many holes got no answer, by arm; they count as wrong."""
    costs: Mapping[str, Cost]


def ask_holes(
    rows: Iterable[HoleRow], arms: Mapping[str, Callable[[Row], Answer]], forget: Callable[[], None] = lambda: None
) -> Iterator[AskedHole]:
    """Yield each hole once every arm was asked; they take turns in who is asked first.

    ``forget`` is called before each question: no arm is quicker because another one had read the same.
    """
    names = list(arms)
    for number, hole in enumerate(rows):
        first = number % len(names)
        answers: dict[str, Answer] = {}
        for name in (*names[first:], *names[:first]):
            forget()
            answers[name] = arms[name](hole.row)
        yield AskedHole(hole, {name: answers[name] for name in names})


def summarise(asked: Sequence[AskedHole], arms: Sequence[str]) -> HolesReport:
    """Return the figures of holes that each of the arms was asked."""
    return HolesReport(
        all=_group(asked, arms),
        by_language=_grouped(asked, arms, lambda each: each.hole.language),
        by_kind=_grouped(asked, arms, lambda each: each.hole.kind),
        by_both=_grouped(asked, arms, lambda each: (each.hole.language, each.hole.kind)),
        failed={arm: sum(bool(each.answers[arm].error) for each in asked) for arm in arms},
        costs={arm: _cost([each.answers[arm] for each in asked]) for arm in arms},
    )


def _cost(answers: Sequence[Answer]) -> Cost:
    answered = [answer for answer in answers if not answer.error]

    def median(of: Callable[[Answer], float]) -> float:
        return percentile([of(answer) for answer in answered], 0.5)

    return Cost(
        prompt_tokens=median(lambda answer: answer.prompt_tokens),
        read_tokens=median(lambda answer: answer.prompt_tokens - answer.cached_tokens),
        outline_tokens=median(outline_tokens),
        prefill_ms=median(lambda answer: answer.prefill_ms),
        ms=median(lambda answer: answer.ms),
    )


def outline_tokens(answer: Answer) -> int:
    """Return how many tokens of the open file in short the prompt of an answer held."""
    return sum(piece.tokens for piece in answer.context if piece.why == IN_SHORT)


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
        "costs": {
            arm: {name: round(value, 1) for name, value in asdict(cost).items()} for arm, cost in report.costs.items()
        },
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
                "cached_tokens": answer.cached_tokens,
                "outline_tokens": outline_tokens(answer),
                "prefill_ms": round(answer.prefill_ms, 1),
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
        differences={arm: difference(marks[arm], marks[arms[0]]) for arm in arms[1:]},
    )


def _group_json(group: Group) -> dict[str, Any]:
    first = next(iter(group.exact))
    return {
        "n": group.n,
        "exact_match": {arm: round(share.value, 4) for arm, share in group.exact.items()},
        "intervals": {arm: [round(bound, 4) for bound in share.interval] for arm, share in group.exact.items()},
        "verdicts": {arm: dict(counts) for arm, counts in group.verdicts.items()},
        "p_value": group.p_value,
        "differences": [
            {"first": arm, "second": first, **difference_json(each)} for arm, each in group.differences.items()
        ],
    }
