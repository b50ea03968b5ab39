"""How long to wait before a crashed service is started again, and when to give up; without a clock of its own."""

from __future__ import annotations

from collections import deque


class Backoff:
    """Delays that double with each failure, and an end when failures come too fast.

    Times are seconds on any monotonic clock. A quiet stretch longer than ``window_s`` since the last failure
    counts as recovered: the next delay is the first one again.
    """

    def __init__(self, first_s: float = 0.5, cap_s: float = 15.0, limit: int = 5, window_s: float = 60.0) -> None:
        self.limit = limit
        self.window_s = window_s
        self._first_s = first_s
        self._cap_s = cap_s
        self._delay_s = first_s
        self._failures: deque[float] = deque(maxlen=limit)

    def failed(self, now: float) -> float | None:
        """Note a failure; return the seconds to wait before the next try, or None to give up."""
        if self._failures and now - self._failures[-1] > self.window_s:
            self.reset()
        self._failures.append(now)
        if len(self._failures) == self.limit and now - self._failures[0] <= self.window_s:
            return None
        delay = self._delay_s
        self._delay_s = min(2 * delay, self._cap_s)
        return delay

    def reset(self) -> None:
        """Forget every failure, because a person asked for a new start."""
        self._delay_s = self._first_s
        self._failures.clear()
