"""A run's report.json as typed records; whatever a report does not say is simply not there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant.errors import InputError

ARMS = ("base", "retrieval", "adapter", "both")

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Arm:
    """How one way of asking did. Shares are 0 to 1; the interval is that of the exact matches, at 95 %."""

    exact_match: float
    interval: Interval | None = None
    edit_similarity: float | None = None
    parse_rate: float | None = None
    p50_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """How much more often ``second`` is right than ``first``, with its interval."""

    first: str
    second: str
    exact_match: float
    interval: Interval | None = None
    p_value: float | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """Exact matches of each arm on the ``n`` holes of a kind."""

    name: str
    n: int
    arms: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Losses:
    """Nats a token of held-out middles; (step, loss) while training: of what is held out, and of what was learned."""

    base: float | None
    adapter: float | None
    curve: tuple[tuple[int, float], ...] = ()
    training: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Exact matches on ``n`` holes of the standard library, before and after."""

    base: float
    adapter: float
    n: int
    difference: float
    interval: Interval | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A hole with its answers by arm."""

    path: str
    line: int
    kind: str
    good: bool
    before: str
    after: str
    truth: str
    answers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Report:
    """All of a report."""

    active: bool | None = None
    scale: float = 0.0
    sentence: str = ""
    arms: Mapping[str, Arm] = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()
    kinds: tuple[Kind, ...] = ()
    losses: Losses | None = None
    forgetting: Forgetting | None = None
    examples: tuple[Example, ...] = ()
    seconds: float | None = None


def load_report(run: Path) -> Report:
    """Return the report of a run's folder. Raises InputError where it cannot be read."""
    path = run / "report.json"
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise InputError(f"The report {path} cannot be read ({why}); run the evaluation again.") from None
    except ValueError:
        raise InputError(f"The report {path} is not JSON; run the evaluation again.") from None
    if not isinstance(table, dict):
        raise InputError(f"The report {path} holds no object; run the evaluation again.")
    return read_report(table)


def read_report(table: Mapping[str, Any]) -> Report:
    """Return the report of a JSON object; parts that are missing or of another form are left out."""
    verdict = _table(table, "verdict")
    active = verdict.get("active")
    return Report(
        active=bool(active) if active is not None else None,
        scale=_number(verdict, "scale") or 0.0,
        sentence=str(verdict.get("sentence") or ""),
        arms={name: arm for name in ARMS if (arm := _arm(_table(_table(table, "arms"), name))) is not None},
        differences=tuple(found for row in _rows(table, "differences") if (found := _difference(row)) is not None),
        kinds=tuple(
            Kind(str(name), int(_number(row, "n") or 0), _shares(_table(row, "arms") or row))
            for name, row in _table(table, "by_kind").items()
            if isinstance(row, dict)
        ),
        losses=_losses(_table(table, "loss")),
        forgetting=_forgetting(_table(table, "forgetting")),
        examples=tuple(_example(row) for row in _rows(table, "examples")),
        seconds=_number(table, "seconds"),
    )


def _arm(row: Mapping[str, Any]) -> Arm | None:
    exact = _number(row, "exact_match")
    if exact is None:
        return None
    rest = (_number(row, name) for name in ("edit_similarity", "parse_rate", "p50_ms"))
    return Arm(exact, _interval(row), *rest)


def _difference(row: Mapping[str, Any]) -> Difference | None:
    exact = _number(row, "exact_match")
    if exact is None:
        return None
    return Difference(
        str(row.get("first") or ""), str(row.get("second") or ""), exact, _interval(row), _number(row, "p_value")
    )


def _losses(row: Mapping[str, Any]) -> Losses | None:
    if not row:
        return None
    curves = (tuple((int(step), loss) for step, loss in _pairs(row.get(name))) for name in ("curve", "training"))
    return Losses(_number(row, "base"), _number(row, "adapter"), *curves)


def _forgetting(row: Mapping[str, Any]) -> Forgetting | None:
    base, adapter = _number(row, "base"), _number(row, "adapter")
    if base is None or adapter is None:
        return None
    difference = _number(row, "difference")
    count = int(_number(row, "n") or 0)
    return Forgetting(base, adapter, count, adapter - base if difference is None else difference, _interval(row))


def _example(row: Mapping[str, Any]) -> Example:
    answers = {str(arm): str(text) for arm, text in _table(row, "answers").items()}
    before, after, truth = (str(row.get(name) or "") for name in ("before", "after", "truth"))
    line, kind = int(_number(row, "line") or 0), str(row.get("kind") or "")
    return Example(str(row.get("path") or ""), line, kind, bool(row.get("good")), before, after, truth, answers)


def _shares(row: Mapping[str, Any]) -> dict[str, float]:
    return {name: share for name in ARMS if (share := _number(row, name)) is not None}


def _table(row: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = row.get(name)
    return value if isinstance(value, dict) else {}


def _rows(row: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = row.get(name)
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _number(row: Mapping[str, Any], name: str) -> float | None:
    value = row.get(name)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _interval(row: Mapping[str, Any]) -> Interval | None:
    pairs = _pairs([row.get("interval")])
    return pairs[0] if pairs else None


def _pairs(value: Any) -> tuple[tuple[float, float], ...]:
    if not isinstance(value, list):
        return ()
    return tuple(
        (float(pair[0]), float(pair[1]))
        for pair in value
        if isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, (int, float)) for part in pair)
    )
