"""The figures of a whole run, from its marked rows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from assistant.engine.protocol import EngineInfo
from assistant.measure.evaluate.ask import Answer
from assistant.measure.evaluate.metrics import bootstrap, mean, percentile, wilson
from assistant.measure.evaluate.run import Scored

Interval = tuple[float, float]

CONFIDENCES = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, slots=True)
class Share:
    """A mean between 0 and 1 over ``n`` rows, with its 95 % interval; Wilson's where the marks are right or wrong."""

    value: float
    interval: Interval
    n: int


@dataclass(frozen=True, slots=True)
class Hidden:
    """How many suggestions a least confidence would hide, and how many of these are right.

    ``below``: the geometric mean of a suggestion's tokens' probabilities (``Options.confidence``).
    """

    below: float
    hidden: int
    right: int


@dataclass(frozen=True, slots=True)
class Report:
    """What a run says. ``pass_at_1`` is None where no row had tests; speeds are tokens per second, 0 where unknown."""

    n: int
    exact_match: Share
    first_line_match: Share
    edit_similarity: Share
    pass_at_1: Share | None
    test_timeouts: int
    failed: int
    p50_ms: float
    p95_ms: float
    prefill_tokens_per_s: float
    decode_tokens_per_s: float
    cached_tokens: int
    prompt_tokens: int
    filters: dict[str, int]
    hidden: tuple[Hidden, ...] = ()
    """For each of CONFIDENCES; empty where the model did not say how likely its tokens were."""


def summarise(scored: Sequence[Scored]) -> Report:
    """Return the figures; a row without an answer counts as wrong, and not for the times."""
    answers = [each.answer for each in scored]
    answered = [answer for answer in answers if not answer.error]
    similarities = [each.similarity for each in scored]
    tests = [each.test for each in scored if each.test is not None]
    times = [answer.ms for answer in answered]
    return Report(
        n=len(scored),
        exact_match=_share([each.exact for each in scored]),
        first_line_match=_share([each.first_line for each in scored]),
        edit_similarity=Share(mean(similarities), bootstrap(similarities), len(similarities)),
        pass_at_1=_share([test.verdict == "passed" for test in tests]) if tests else None,
        test_timeouts=sum(test.verdict == "timeout" for test in tests),
        failed=len(answers) - len(answered),
        p50_ms=percentile(times, 0.5),
        p95_ms=percentile(times, 0.95),
        prefill_tokens_per_s=_speed([(a.prompt_tokens - a.cached_tokens, a.prefill_ms) for a in answered]),
        decode_tokens_per_s=_speed([(a.generated_tokens, a.decode_ms) for a in answered]),
        cached_tokens=sum(answer.cached_tokens for answer in answered),
        prompt_tokens=sum(answer.prompt_tokens for answer in answered),
        filters=_filters(answered),
        hidden=_hidden(scored),
    )


def to_json(report: Report, info: EngineInfo, settings: dict[str, Any]) -> dict[str, Any]:
    """Return what ``--json`` prints. Shares are 0 to 1; ``settings`` says how it was asked."""
    shares = {
        "exact_match": report.exact_match,
        "first_line_match": report.first_line_match,
        "edit_similarity": report.edit_similarity,
        "pass_at_1": report.pass_at_1,
    }
    return {
        "n": report.n,
        **{name: None if share is None else round(share.value, 4) for name, share in shares.items()},
        "p50_ms": round(report.p50_ms, 1),
        "p95_ms": round(report.p95_ms, 1),
        "model": info.model,
        "adapter": info.adapter,
        "device": info.device,
        "dtype": info.dtype,
        "intervals": {
            name: [round(bound, 4) for bound in share.interval] for name, share in shares.items() if share is not None
        },
        "tested": 0 if report.pass_at_1 is None else report.pass_at_1.n,
        "test_timeouts": report.test_timeouts,
        "failed": report.failed,
        "prefill_tokens_per_s": round(report.prefill_tokens_per_s, 1),
        "decode_tokens_per_s": round(report.decode_tokens_per_s, 1),
        "prompt_tokens": report.prompt_tokens,
        "cached_tokens": report.cached_tokens,
        "filters": report.filters,
        "confidence": [asdict(each) for each in report.hidden],
        **settings,
    }


def _share(marks: Sequence[bool]) -> Share:
    return Share(mean(marks), wilson(sum(marks), len(marks)), len(marks))


def _speed(parts: Sequence[tuple[int, float]]) -> float:
    tokens, ms = sum(count for count, _ in parts), sum(time for _, time in parts)
    return 1000 * tokens / ms if ms else 0.0


def _filters(answers: Sequence[Answer]) -> dict[str, int]:
    return dict(Counter(name for answer in answers for name in answer.filters).most_common())


def _hidden(scored: Sequence[Scored]) -> tuple[Hidden, ...]:
    """Return what each of CONFIDENCES would hide of the suggestions, those with a text."""
    marks = [
        (math.exp(each.answer.mean_logprob), each.exact)
        for each in scored
        if each.answer.text and each.answer.mean_logprob is not None
    ]
    below = {least: [exact for confidence, exact in marks if confidence < least] for least in CONFIDENCES}
    return tuple(Hidden(least, len(exact), sum(exact)) for least, exact in below.items()) if marks else ()
