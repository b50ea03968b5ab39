"""How fast a long job goes and how long it will still take, smoothed; plain Python, no clock of its own."""

from __future__ import annotations

import math

SMOOTHING_S = 5.0
_SETTLE_S = 1.0


class RateEstimate:
    """Units per second and seconds left, from counts that come at any times (seconds on one clock).

    An exponential mean that weighs a stretch by its length, so that many small reports count like one large one.
    """

    def __init__(self, smoothing_s: float = SMOOTHING_S) -> None:
        self._smoothing_s = smoothing_s
        self._started: float | None = None
        self._last_at = 0.0
        self._last_done = 0
        self._rate = 0.0
        self._weight = 0.0

    def update(self, done: int, total: int, now: float) -> tuple[float, float | None]:
        """Note ``done`` of ``total``; return units per second and seconds left (None while nobody can tell)."""
        if self._started is None or done < self._last_done:
            self._started, self._last_at, self._last_done = now, now, done
            self._rate = self._weight = 0.0
            return 0.0, None
        elapsed = now - self._last_at
        if elapsed > 0:
            keep = math.exp(-elapsed / self._smoothing_s)
            self._rate = keep * self._rate + (1 - keep) * (done - self._last_done) / elapsed
            self._weight = keep * self._weight + (1 - keep)
            self._last_at, self._last_done = now, done
        rate = self._rate / self._weight if self._weight else 0.0
        if done >= total:
            return rate, 0.0
        told = rate > 0 and now - self._started >= _SETTLE_S
        return rate, (total - done) / rate if told else None
