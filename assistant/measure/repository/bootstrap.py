"""How sure a difference between two arms is: the paired bootstrap over holes."""

from __future__ import annotations

from collections.abc import Sequence

RESAMPLES = 10_000
# Bounds the memory of a step: so many numbers are drawn at once.
_MOST_DRAWN = 2_000_000


def mean_interval(values: Sequence[float], seed: int = 0, resamples: int = RESAMPLES) -> tuple[float, float]:
    """Return the 95 % percentile-bootstrap interval of the mean of ``values``, the same at each call.

    For two arms the values are their differences on the same holes: the holes are drawn again, and with each both of
    its answers. (-1, 1) of nothing.
    """
    if not values:
        return -1.0, 1.0
    # Not at the top: it counts its threads when it is loaded, and the engine says before how many there are to be.
    import numpy as np  # noqa: PLC0415

    numbers = np.asarray(values, dtype=np.float64)
    draw = np.random.default_rng(seed)
    step = max(_MOST_DRAWN // len(numbers), 1)
    means = [
        numbers[draw.integers(len(numbers), size=(min(step, resamples - start), len(numbers)))].mean(axis=1)
        for start in range(0, resamples, step)
    ]
    low, high = np.quantile(np.concatenate(means), (0.025, 0.975))
    return float(low), float(high)
