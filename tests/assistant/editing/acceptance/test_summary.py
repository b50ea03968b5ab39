"""Figures worked out by hand from a few days of counts."""

import dataclasses
import datetime as dt

from assistant.editing.acceptance.record import Record, record_of
from assistant.editing.acceptance.summary import Counts, Period, Row, Tally, summarise
from assistant.editing.suggestions.outcomes import Outcome


def tally(day: str, language: str, shown: int, accepted: int, *, model: str = "m", adapter: str = "") -> Tally:
    counts = Counts(
        shown=shown, accepted=accepted, whole=accepted, edited=shown - accepted, characters=10 * accepted,
        saved=9 * accepted, there_30=0.5 * accepted, known_30=accepted, there_300=0.25 * accepted, known_300=accepted,
    )  # fmt: skip
    return Tally(day, language, model, adapter, "auto", counts)


# 2026-06-01 was a Monday.
DAYS = [
    tally("2026-05-31", "Python", 10, 5),
    tally("2026-06-01", "Python", 30, 15, adapter="mine"),
    tally("2026-06-03", "Go", 60, 20, adapter="mine"),
]


def test_in_all() -> None:
    total = summarise(DAYS, 1200.0).total
    assert (total.shown, total.accepted, total.whole, total.edited) == (100, 40, 40, 60)
    assert (total.characters, total.saved) == (400, 360)
    assert total.rate == 0.4
    assert total.there == (0.5, None, 0.25)


def test_of_fewer_than_20_no_rate_is_told() -> None:
    assert tally("2026-05-31", "Python", 19, 19).counts.rate is None
    assert tally("2026-05-31", "Python", 20, 19).counts.rate == 0.95
    assert tally("2026-05-31", "Python", 100, 19).counts.there == (None, None, None)
    assert tally("2026-05-31", "Python", 100, 20).counts.there == (0.5, None, 0.25)


def test_by_day_and_by_week() -> None:
    daily = summarise(DAYS, None, 7).periods
    assert [(period.start.isoformat(), period.days, period.counts.shown) for period in daily] == [
        ("2026-05-31", 1, 10),
        ("2026-06-01", 1, 30),
        ("2026-06-03", 1, 60),
    ]
    first, second = summarise(DAYS, None, 90).periods
    assert (first.start, first.counts.shown) == (dt.date(2026, 5, 25), 10)
    assert second == Period(dt.date(2026, 6, 1), 7, second.counts)
    assert (second.counts.shown, second.counts.accepted) == (90, 35)


def test_by_weeks_where_most_days_have_too_few_to_tell() -> None:
    many, few = tally("2026-06-03", "Go", 60, 20), tally("2026-06-04", "Go", 60, 19)
    days = [f"2026-06-{day:02}" for day in range(1, 31)]
    half = [dataclasses.replace(many if index % 2 else few, day=day) for index, day in enumerate(days)]
    assert {period.days for period in summarise(half, None, 30).periods} == {1}
    assert {period.days for period in summarise([*half[:-1], few], None, 30).periods} == {7}
    assert {period.days for period in summarise([few], None, 7).periods} == {1}
    assert {period.days for period in summarise([*half, many], None).periods} == {1}
    assert {period.days for period in summarise([*half, dataclasses.replace(many, day="2026-07-01"),
                                                 dataclasses.replace(many, day="2026-07-02")], None).periods} == {7}  # fmt: skip


def test_by_language_model_and_trigger() -> None:
    summary = summarise(DAYS, None)
    assert [(row.name, row.counts.shown, row.counts.accepted) for row in summary.languages] == [
        ("Go", 60, 20),
        ("Python", 40, 20),
    ]
    assert [(row.name, row.counts.shown) for row in summary.models] == [("m + mine", 90), ("m", 10)]
    assert summary.triggers == (Row("auto", summary.total),)


def test_of_nothing() -> None:
    summary = summarise([], None)
    assert (summary.total, summary.periods, summary.total.rate) == (Counts(), (), None)


def test_a_record_names_the_model_that_wrote_it_or_else_the_one_in_use() -> None:
    outcome = Outcome("manual", "taken", 1499.6, 8, 2, 8, 0, 1, "all", "m", None)
    assert record_of(outcome, 1000.0, "Go", "other", "mine") == Record(
        998, 1500, "manual", "taken", "all", 8, 2, 8, 0, 1, "Go", "m", ""
    )
    streamed = Outcome("auto", "edited", 10, 3, 1)
    assert record_of(streamed, 1000.0, "", "m", "mine").adapter == "mine"
    assert record_of(streamed, 1000.0, "", None, None).model == ""
