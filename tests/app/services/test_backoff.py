"""Delays between starts of a crashed service."""

import pytest

from app.services.service_process import Backoff


def test_delays_double_up_to_the_cap_while_failures_come_slowly() -> None:
    backoff = Backoff()
    assert [backoff.failed(at) for at in (0, 30, 60, 90, 120, 150, 180)] == [0.5, 1, 2, 4, 8, 15, 15]


def test_gives_up_after_five_failures_within_a_minute() -> None:
    backoff = Backoff()
    assert [backoff.failed(at) for at in (0, 10, 20, 30, 60)] == [0.5, 1, 2, 4, None]


def test_five_failures_in_more_than_a_minute_go_on() -> None:
    backoff = Backoff()
    assert [backoff.failed(at) for at in (0, 15, 30, 45, 60.5)][-1] == 8


def test_a_long_quiet_stretch_counts_as_recovered() -> None:
    backoff = Backoff()
    for at in range(4):
        backoff.failed(at)
    assert backoff.failed(3 + 60.5) == 0.5


@pytest.mark.parametrize("failures", [1, 4, 5])
def test_a_new_start_by_a_person_forgets_everything(failures: int) -> None:
    backoff = Backoff()
    for at in range(failures):
        backoff.failed(at)
    backoff.reset()
    assert backoff.failed(failures) == 0.5
