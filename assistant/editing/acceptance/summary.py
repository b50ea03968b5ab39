"""The figures that the records come to: in all, over time, by language, by model with its adapter, by trigger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields

ENOUGH = 20
"""Of fewer suggestions no rate is told: one more or less would move it by more than 5 points."""

LONG_DAYS = 31
"""A range of more days is told by weeks, which begin on Mondays."""

SHORT_DAYS = 7
"""A range of so many days is told by days in any case."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Sums over suggestions that were shown. ``accepted`` are those of which anything was taken.

    These are split by the largest key (``whole``, ``line``, ``word``), the others by what happened instead: ``typed``
    by hand to their end, ``dismissed``, ``edited`` (something else was typed), ``moved`` away from, or ``replaced``.
    ``saved`` is the characters taken without the keys that took them. ``there_30`` is the sum of the shares that were
    still there after 30 s, over ``known_30`` suggestions; likewise the others.
    """

    shown: int = 0
    accepted: int = 0
    whole: int = 0
    line: int = 0
    word: int = 0
    typed: int = 0
    dismissed: int = 0
    edited: int = 0
    moved: int = 0
    replaced: int = 0
    characters: int = 0
    saved: int = 0
    there_30: float = 0.0
    known_30: int = 0
    there_120: float = 0.0
    known_120: int = 0
    there_300: float = 0.0
    known_300: int = 0

    @property
    def rate(self) -> float | None:
        """The share of the shown ones that were accepted, 0 to 1; None where they are too few to tell."""
        return self.accepted / self.shown if self.shown >= ENOUGH else None

    @property
    def there(self) -> tuple[float | None, float | None, float | None]:
        """How much of what was taken was still there after 30 s, 2 min and 5 min, 0 to 1; None: too few to tell."""
        pairs = (self.there_30, self.known_30), (self.there_120, self.known_120), (self.there_300, self.known_300)
        first, second, third = (total / known if known >= ENOUGH else None for total, known in pairs)
        return first, second, third


@dataclass(frozen=True, slots=True)
class Tally:
    """The counts of one day (as in 2026-05-31, local time) for one language, model, adapter and trigger."""

    day: str
    language: str
    model: str
    adapter: str
    trigger: str
    counts: Counts


@dataclass(frozen=True, slots=True)
class Row:
    """The counts of one language, model or trigger."""

    name: str
    counts: Counts


@dataclass(frozen=True, slots=True)
class Period:
    """The counts of ``days`` days from ``start`` on."""

    start: dt.date
    days: int
    counts: Counts


@dataclass(frozen=True, slots=True)
class Summary:
    """``periods`` are in order of time, without those that have nothing; the other rows begin with the most shown."""

    total: Counts
    median_shown_ms: float | None
    periods: tuple[Period, ...]
    languages: tuple[Row, ...]
    models: tuple[Row, ...]
    triggers: tuple[Row, ...]


def summarise(tallies: Sequence[Tally], median_shown_ms: float | None, days: int | None = None) -> Summary:
    """Return the figures of some tallies, which are of a range of ``days`` days (None: of all that there were).

    Over time they are told by days, or by weeks where the range is long or most days have too few to tell.
    """
    by_day = _grouped(tallies, lambda tally: tally.day)
    days = days or len(by_day)
    enough = sum(counts.accepted >= ENOUGH for counts in by_day.values())
    weekly = days > LONG_DAYS or (days > SHORT_DAYS and 2 * enough < len(by_day))
    periods = _grouped(tallies, lambda tally: _start(tally.day, weekly=weekly).isoformat())
    return Summary(
        total=add(tally.counts for tally in tallies),
        median_shown_ms=median_shown_ms,
        periods=tuple(
            Period(dt.date.fromisoformat(start), 7 if weekly else 1, counts)
            for start, counts in sorted(periods.items())
        ),
        languages=_rows(tallies, lambda tally: tally.language),
        models=_rows(tallies, lambda tally: f"{tally.model} + {tally.adapter}" if tally.adapter else tally.model),
        triggers=_rows(tallies, lambda tally: tally.trigger),
    )


def add(counts: Iterable[Counts]) -> Counts:
    """Return the sum of counts."""
    rows = list(counts)
    return Counts(**{field.name: sum(getattr(row, field.name) for row in rows) for field in fields(Counts)})


def _start(day: str, *, weekly: bool) -> dt.date:
    date = dt.date.fromisoformat(day)
    return date - dt.timedelta(days=date.weekday()) if weekly else date


def _rows(tallies: Sequence[Tally], name: Callable[[Tally], str]) -> tuple[Row, ...]:
    rows = [Row(key, counts) for key, counts in _grouped(tallies, name).items()]
    return tuple(sorted(rows, key=lambda row: (-row.counts.shown, row.name)))


def _grouped(tallies: Sequence[Tally], key: Callable[[Tally], str]) -> dict[str, Counts]:
    groups: dict[str, list[Counts]] = {}
    for tally in tallies:
        groups.setdefault(key(tally), []).append(tally.counts)
    return {name: add(counts) for name, counts in groups.items()}
