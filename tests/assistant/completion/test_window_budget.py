import pytest

from assistant.completion.complete import Options
from assistant.completion.window_budget import STEPS, WindowBudget
from assistant.types import Finished, Progress, Timings


def finished(speed, tokens=400, cached=100):
    timings = Timings(prefill_ms=1000 * (tokens - cached) / speed)
    return Finished("r", "m", (), tokens, cached, 5, timings)


@pytest.mark.parametrize(("speed", "step"), [(90, 0), (240, 1), (400, 1), (850, 1), (1000, 2), (9000, 2)])
def test_a_quick_reader_gets_a_larger_window(speed, step):
    budget = WindowBudget()
    assert budget.budget == STEPS[1][1]  # nothing is known
    budget.learn(finished(speed))
    assert budget.budget == STEPS[step][1]


def test_a_prompt_that_was_in_the_cache_tells_nothing():
    budget = WindowBudget()
    budget.learn(finished(9000, tokens=400, cached=399))
    assert budget.budget == STEPS[1][1]


@pytest.mark.parametrize(("speed", "without"), [(90, {"surer-alone", "single-line"}), (400, {"single-line"})])
def test_a_slow_reader_is_not_asked_without_other_files(speed, without):
    budget = WindowBudget()
    budget.learn(finished(speed))
    options = Options(without=frozenset({"single-line"}), confidence=0.6)
    assert budget.affordable(options) == Options(without=frozenset(without), confidence=0.6)


def test_it_wavers_no_more_than_the_speed_does():
    budget = WindowBudget()
    seen = set()
    for speed in (850, 760, 880, 720, 900):
        budget.learn(finished(speed))
        seen.add(budget.budget)
    assert seen == {STEPS[1][1]}


def test_from_the_slowest_to_the_largest_and_back():
    budget = WindowBudget()
    for speed, step in ((50, 0), (100000, 2)):
        budget.learn(finished(speed))
        assert budget.budget == STEPS[step][1]
    for _ in range(30):
        budget.learn(finished(50))
    assert budget.budget == STEPS[0][1]


def test_events_pass_and_the_end_is_learned_from():
    budget = WindowBudget()
    events = [Progress("r", "reading", 1, 2), finished(5000)]
    assert list(budget.watch(event for event in events)) == events
    assert budget.budget == STEPS[2][1]


def test_giving_up_ends_what_is_watched():
    ended = []

    def endless():
        try:
            while True:
                yield Progress("r", "reading", 1, 2)
        finally:
            ended.append(True)

    watched = WindowBudget().watch(endless())
    next(watched)
    watched.close()
    assert ended
