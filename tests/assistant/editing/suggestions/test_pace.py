"""How long typing must rest before a request: the rule, and what it comes to over the recorded trace."""

import pytest

from assistant.editing.suggestions.pace import LEAST_MS, Pace, patience
from assistant.editing.suggestions.session import Options
from tests.support import playing


def pace(interval: float | None = None, latency: float | None = None) -> Pace:
    made = Pace()
    if interval is not None:
        for number in range(5):
            made.key(number * interval)
    if latency is not None:
        made.answered(latency)
    return made


@pytest.mark.parametrize(
    ("prefix", "suffix", "intervals"),
    [
        ("", "", 0.7),
        ("def f():\n    ", "\nx", 0.7),
        ("x = f(", ")", 0.7),
        ("x.", "", 0.7),
        ("return ", "\n", 0.7),
        ("retur", "\n", 1.1),
        ("x = f(a", ");\n", 1.1),
        ("x = ", "y + 1\n", 1.4),
        ("", "text", 1.4),
    ],
)
def test_it_waits_for_less_where_a_suggestion_is_likely_wanted(prefix: str, suffix: str, intervals: float) -> None:
    assert patience(prefix, suffix) == intervals


@pytest.mark.parametrize(
    ("interval", "latency", "wait"),
    [
        (None, None, 1.1 * 125 * 0.96),
        (100, 0, 1.1 * 60),
        (100, 100, 1.1 * 90),
        (100, 1000, 1.1 * 130),
        (500, 100, 300),
        (30, 0, LEAST_MS),
        (20, 125, 1.1 * 125 * 0.9),  # a key that is held down
        (5000, 125, 1.1 * 125 * 0.9),  # a thought
    ],
)
def test_the_wait(interval: float | None, latency: float | None, wait: float) -> None:
    assert pace(interval, latency).wait("a", "", 300) == pytest.approx(wait)


def test_it_never_waits_longer_than_it_may() -> None:
    assert pace().wait("a", "", 0) == 0
    assert pace().wait("a", "", 20) == 20


def test_one_pause_and_one_slow_answer_change_nothing() -> None:
    made = pace(100, 50)
    made.key(1300)
    made.answered(50)
    made.answered(5000)
    assert (made.interval, made.latency) == (100, 50)


def test_what_lies_between_two_keys_is_no_interval() -> None:
    made = pace(100)
    made.interrupt()
    made.key(1000)
    assert made.interval == 100


def test_it_follows_a_rhythm_that_changes() -> None:
    made = pace(100)
    for number in range(20):
        made.key(10_000 + number * 250)
    assert made.interval == 250


@pytest.mark.parametrize(
    ("first_ms", "whole_ms", "right", "most_requests"),
    [(60, 200, 0.3, 1.1), (130, 350, 0.3, 1.0), (300, 900, 0.3, 0.65), (300, 900, 0.7, 0.55)],
)
def test_over_the_recorded_trace_it_shows_no_less_and_asks_a_slow_model_half_as_often(
    first_ms: float, whole_ms: float, right: float, most_requests: float
) -> None:
    # What is typed is this Python's own library, which is not the same in all versions: the bounds leave room for that.
    model = playing.Model(first_ms, whole_ms, right)
    fixed = playing.play(Options(debounce_ms=120, adaptive=False, ahead=False), model)
    adaptive = playing.play(Options(ahead=False), model)
    assert adaptive.requests <= most_requests * fixed.requests
    assert adaptive.shown_ms >= 0.99 * fixed.shown_ms


def test_what_was_asked_ahead_is_there_at_once_after_most_acceptances() -> None:
    without, with_it = (playing.play(Options(ahead=ahead), playing.Model(right=0.9)) for ahead in (False, True))
    assert min(without.followed) >= 130
    at_once = [ms for ms in with_it.followed if ms == 0]
    assert len(at_once) >= 0.6 * len(with_it.followed)
    assert with_it.requests < without.requests
