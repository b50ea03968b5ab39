"""Rate and time left of a long job."""

import pytest

from app.services.model_jobs import RateEstimate


def test_a_steady_job_is_told_exactly() -> None:
    estimate = RateEstimate()
    told = [estimate.update(100 * second, 1000, second) for second in range(11)]
    assert told[0] == (0.0, None)
    assert told[5] == (pytest.approx(100), pytest.approx(5))
    assert told[10] == (pytest.approx(100), 0.0)


def test_many_small_reports_count_like_one_large_one() -> None:
    fine, coarse = RateEstimate(), RateEstimate()
    for step in range(101):
        rate_fine, _ = fine.update(step * 10, 10_000, step / 10)
    coarse.update(0, 10_000, 0)
    rate_coarse, _ = coarse.update(1000, 10_000, 10)
    assert rate_fine == pytest.approx(rate_coarse)


def test_the_newest_seconds_weigh_most_but_one_stall_does_not_decide() -> None:
    estimate = RateEstimate()
    for second in range(60):
        estimate.update(100 * second, 100_000, second)
    rate, _ = estimate.update(5900, 100_000, 60)
    assert 70 < rate < 90
    for second in range(61, 120):
        rate, left = estimate.update(5900 + 10 * (second - 60), 100_000, second)
    assert rate == pytest.approx(10, rel=0.01)
    assert left == pytest.approx((100_000 - 5900 - 590) / rate)


def test_no_time_left_is_told_in_the_first_moment_or_without_progress() -> None:
    estimate = RateEstimate()
    estimate.update(0, 100, 0)
    assert estimate.update(50, 100, 0.5) == (pytest.approx(100), None)
    idle = RateEstimate()
    idle.update(10, 100, 0)
    assert idle.update(10, 100, 5) == (0.0, None)


def test_two_reports_at_the_same_time_do_no_harm() -> None:
    estimate = RateEstimate()
    estimate.update(0, 100, 1)
    assert estimate.update(10, 100, 1) == (0.0, None)
    assert estimate.update(20, 100, 3)[0] == pytest.approx(10)


def test_counting_that_starts_over_starts_the_estimate_over() -> None:
    estimate = RateEstimate()
    estimate.update(500, 1000, 0)
    estimate.update(900, 1000, 2)
    assert estimate.update(0, 1000, 3) == (0.0, None)
    assert estimate.update(10, 1000, 5)[0] == pytest.approx(5)
