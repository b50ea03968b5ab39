"""The interval of a mean, against cases that are known."""

import math

import pytest

from assistant.measure.repository.bootstrap import mean_interval


def test_no_difference_anywhere_has_an_interval_of_nothing():
    assert mean_interval([0.0] * 50) == (0.0, 0.0)


def test_a_difference_of_zero_contains_zero():
    low, high = mean_interval([1.0] * 20 + [-1.0] * 20 + [0.0] * 60)
    assert low < 0 < high
    assert low == pytest.approx(-high, abs=0.02)


@pytest.mark.parametrize(("wins", "losses", "n"), [(60, 20, 400), (100, 40, 1000), (30, 30, 300)])
def test_it_agrees_with_the_normal_approximation(wins, losses, n):
    values = [1.0] * wins + [-1.0] * losses + [0.0] * (n - wins - losses)
    mean = (wins - losses) / n
    half = 1.96 * math.sqrt(((wins + losses) / n - mean**2) / n)
    low, high = mean_interval(values)
    assert low == pytest.approx(mean - half, abs=0.006)
    assert high == pytest.approx(mean + half, abs=0.006)


def test_it_covers_the_true_mean_about_as_often_as_it_says():
    import random

    draw = random.Random(1)
    covered = 0
    for trial in range(200):
        values = [draw.choice((1.0, 0.0, 0.0, -1.0, 1.0)) for _ in range(80)]  # mean 0.2
        low, high = mean_interval(values, seed=trial, resamples=1000)
        covered += low <= 0.2 <= high
    assert 180 <= covered <= 199


def test_it_is_the_same_at_each_call_and_fits_in_memory_for_many_holes():
    values = [float(number % 3 == 0) for number in range(5000)]
    assert mean_interval(values) == mean_interval(values)
    low, high = mean_interval(values)
    assert low < 1 / 3 < high


def test_of_nothing_everything_is_possible():
    assert mean_interval([]) == (-1.0, 1.0)
