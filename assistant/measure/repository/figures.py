"""The figures of a measurement: each arm's, and the differences between them, in all and for parts of the holes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.measure.evaluate.metrics import mcnemar, mean, percentile, wilson
from assistant.measure.evaluate.report import Interval, Share
from assistant.measure.repository.ask import Asked, Mark
from assistant.measure.repository.bootstrap import mean_interval
from assistant.repository.spans import KINDS
from assistant.retrieval.search.outline import OWN


@dataclass(frozen=True, slots=True)
class ArmFigures:
    """What one arm came to. ``parse_rate`` is over the answers of which it can be told, None where there is none.

    Times are milliseconds of whole answers; tokens are means of an answer; speeds are tokens a second, 0 where unknown.
    """

    name: str
    exact_match: Share
    edit_similarity: Share
    parse_rate: Share | None
    shown: int
    failed: int
    p50_ms: float
    p95_ms: float
    times: tuple[float, ...]
    prompt_tokens: float
    retrieved_tokens: float
    generated_tokens: float
    cached_tokens: int
    prefill_tokens_per_s: float
    decode_tokens_per_s: float


@dataclass(frozen=True, slots=True)
class Difference:
    """The second arm less the first, with 95 % intervals by the paired bootstrap.

    ``only_first`` and ``only_second`` count the holes that only one of them has right; ``p_value`` is McNemar's, exact.
    """

    first: str
    second: str
    exact_match: float
    exact_interval: Interval
    edit_similarity: float
    similarity_interval: Interval
    only_first: int
    only_second: int
    p_value: float

    @property
    def verdict(self) -> int:
        """1 where the interval of exact match lies above zero, -1 where below, else 0."""
        low, high = self.exact_interval
        return (low > 0) - (high < 0)


@dataclass(frozen=True, slots=True)
class Group:
    """The holes of one kind or language: each arm's exact match, and the differences."""

    name: str
    n: int
    exact_match: dict[str, Share]
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """All of it."""

    n: int
    arms: tuple[ArmFigures, ...]
    differences: tuple[Difference, ...]
    by_kind: tuple[Group, ...]
    by_language: tuple[Group, ...]


def summarise(asked: Sequence[Asked], names: Sequence[str]) -> Figures:
    """Return the figures of the holes asked so far; every arm is compared with the first."""
    kinds = [kind for kind in KINDS if any(each.hole.kind == kind for each in asked)]
    languages = {each.hole.language: 0 for each in asked}
    for each in asked:
        languages[each.hole.language] += 1
    return Figures(
        n=len(asked),
        arms=tuple(_arm(name, [each.marks[name] for each in asked]) for name in names),
        differences=_differences(asked, names),
        by_kind=tuple(_group(kind, asked, names, lambda each: each.hole.kind) for kind in kinds),
        by_language=tuple(
            _group(language, asked, names, lambda each: each.hole.language)
            for language in sorted(languages, key=lambda name: (-languages[name], name))
        ),
    )


def _arm(name: str, marks: Sequence[Mark]) -> ArmFigures:
    answers = [mark.answer for mark in marks]
    answered = [answer for answer in answers if not answer.error]
    parsed = [mark.parses for mark in marks if mark.parses is not None]
    similarities = [mark.similarity for mark in marks]
    times = tuple(answer.ms for answer in answered)
    others = [sum(piece.tokens for piece in answer.context if piece.why not in OWN) for answer in answered]
    return ArmFigures(
        name=name,
        exact_match=share([mark.exact for mark in marks]),
        edit_similarity=Share(mean(similarities), _bounded(mean_interval(similarities)), len(similarities)),
        parse_rate=share(parsed) if parsed else None,
        shown=sum(bool(answer.text) for answer in answered),
        failed=len(answers) - len(answered),
        p50_ms=percentile(times, 0.5),
        p95_ms=percentile(times, 0.95),
        times=times,
        prompt_tokens=mean([answer.prompt_tokens for answer in answered]),
        retrieved_tokens=mean(others),
        generated_tokens=mean([answer.generated_tokens for answer in answered]),
        cached_tokens=sum(answer.cached_tokens for answer in answered),
        prefill_tokens_per_s=_speed([(a.prompt_tokens - a.cached_tokens, a.prefill_ms) for a in answered]),
        decode_tokens_per_s=_speed([(a.generated_tokens, a.decode_ms) for a in answered]),
    )


def _differences(asked: Sequence[Asked], names: Sequence[str]) -> tuple[Difference, ...]:
    return tuple(difference(asked, names[0], name) for name in names[1:])


def difference(asked: Sequence[Asked], first: str, second: str) -> Difference:
    """Return how much better ``second`` is than ``first`` on the same holes."""
    pairs = [(each.marks[first], each.marks[second]) for each in asked]
    exact = [float(other.exact) - float(one.exact) for one, other in pairs]
    similar = [other.similarity - one.similarity for one, other in pairs]
    only_first, only_second = exact.count(-1.0), exact.count(1.0)
    return Difference(
        first=first,
        second=second,
        exact_match=mean(exact),
        exact_interval=mean_interval(exact),
        edit_similarity=mean(similar),
        similarity_interval=mean_interval(similar),
        only_first=only_first,
        only_second=only_second,
        p_value=mcnemar(only_first, only_second),
    )


def _group(name: str, asked: Sequence[Asked], names: Sequence[str], of: Callable[[Asked], str]) -> Group:
    part = [each for each in asked if of(each) == name]
    exact = {arm: share([each.marks[arm].exact for each in part]) for arm in names}
    return Group(name, len(part), exact, _differences(part, names))


def share(marks: Sequence[bool]) -> Share:
    """Return the share of marks that are right, with Wilson's interval."""
    return Share(mean(marks), wilson(sum(marks), len(marks)), len(marks))


def _bounded(interval: Interval) -> Interval:
    return max(interval[0], 0.0), min(interval[1], 1.0)


def _speed(parts: Sequence[tuple[int, float]]) -> float:
    tokens, ms = sum(count for count, _ in parts), sum(time for _, time in parts)
    return 1000 * tokens / ms if ms else 0.0


def to_json(figures: Figures) -> dict[str, Any]:
    """Return what ``--json`` prints of the figures. Shares are 0 to 1."""
    return {
        "n": figures.n,
        "arms": {arm.name: _arm_to_json(arm) for arm in figures.arms},
        "differences": [_difference_to_json(each) for each in figures.differences],
        "by_kind": {group.name: _group_to_json(group) for group in figures.by_kind},
        "by_language": {group.name: _group_to_json(group) for group in figures.by_language},
    }


def _arm_to_json(arm: ArmFigures) -> dict[str, Any]:
    shares = {
        "exact_match": arm.exact_match,
        "edit_similarity": arm.edit_similarity,
        "parse_rate": arm.parse_rate,
    }
    return {
        **{name: None if each is None else round(each.value, 4) for name, each in shares.items()},
        "intervals": {name: _rounded(each.interval) for name, each in shares.items() if each is not None},
        "shown": arm.shown,
        "failed": arm.failed,
        "p50_ms": round(arm.p50_ms, 1),
        "p95_ms": round(arm.p95_ms, 1),
        "prompt_tokens": round(arm.prompt_tokens, 1),
        "retrieved_tokens": round(arm.retrieved_tokens, 1),
        "generated_tokens": round(arm.generated_tokens, 1),
        "cached_tokens": arm.cached_tokens,
        "prefill_tokens_per_s": round(arm.prefill_tokens_per_s, 1),
        "decode_tokens_per_s": round(arm.decode_tokens_per_s, 1),
    }


def _difference_to_json(each: Difference) -> dict[str, Any]:
    return {
        "first": each.first,
        "second": each.second,
        "exact_match": round(each.exact_match, 4),
        "exact_match_interval": _rounded(each.exact_interval),
        "only_first": each.only_first,
        "only_second": each.only_second,
        "p_value": each.p_value,
        "edit_similarity": round(each.edit_similarity, 4),
        "edit_similarity_interval": _rounded(each.similarity_interval),
    }


def _group_to_json(group: Group) -> dict[str, Any]:
    return {
        "n": group.n,
        "exact_match": {name: round(each.value, 4) for name, each in group.exact_match.items()},
        "intervals": {name: _rounded(each.interval) for name, each in group.exact_match.items()},
        "differences": [_difference_to_json(each) for each in group.differences],
    }


def _rounded(interval: Interval) -> list[float]:
    return [round(bound, 4) for bound in interval]
