"""How long typing must rest before a request is worth it: from the person's rhythm, the model's speed, and the place.

The next key comes after about one usual interval. Once typing has rested that long it has probably paused, and a
suggestion will be seen. A quick model may be asked sooner, since a question in vain costs little; of a slow one each
question in vain delays the next. (Tabby takes the model's time off instead: over our trace that asks a slow model twice
as often as a fixed pause does, almost always in vain.)
"""

from __future__ import annotations

import statistics
from collections import deque

LEAST_MS = 30.0

# Rhythm and speed before anything was measured.
_INTERVAL_MS = 125.0
_LATENCY_MS = 150.0
_INTERVALS = 15
_ANSWERS = 7
# A longer interval is a thought, a shorter one a key that is held down or a program that types.
_LONGEST_INTERVAL_MS = 1000.0
_SHORTEST_INTERVAL_MS = 25.0

# In usual intervals; chosen over the recorded trace, at three speeds of the model and of the person.
_PATIENCE = 1.1
_PATIENCE_LIKELY = 0.7
_PATIENCE_UNLIKELY = 1.4
_SCALE = 0.6
_SCALE_PER_LATENCY = 0.3  # for a latency of one interval
_MOST_SCALE = 1.3
_CLOSERS = ")]}>\"'`;:, \t"
_OPENERS = ("(", "[", "{", ".", "=", ":", ",", "->")


class Pace:
    """The rhythm of one person and the speed of one model; all times in milliseconds."""

    def __init__(self) -> None:
        self._intervals: deque[float] = deque(maxlen=_INTERVALS)
        self._answers: deque[float] = deque(maxlen=_ANSWERS)
        self._key_at: float | None = None

    def key(self, now: float) -> None:
        """Note that a character was typed."""
        if self._key_at is not None and _SHORTEST_INTERVAL_MS <= now - self._key_at <= _LONGEST_INTERVAL_MS:
            self._intervals.append(now - self._key_at)
        self._key_at = now

    def interrupt(self) -> None:
        """Note an edit that says nothing of the rhythm: pasted, deleted, undone, accepted."""
        self._key_at = None

    def follow(self, before: tuple[str, str], after: tuple[str, str], now: float) -> None:
        """Note an edit, from one text around the cursor to another.

        A key is one character, or a line end with the indentation that comes with it.
        """
        (was_left, was_right), (left, right) = before, after
        typed = left[len(was_left) :] if right == was_right and left.startswith(was_left) else ""
        if len(typed) == 1 or (typed[:1] == "\n" and not typed.strip()):
            self.key(now)
        else:
            self.interrupt()

    def answered(self, ms: float) -> None:
        """Note how long after a request its first character came."""
        self._answers.append(ms)

    @property
    def interval(self) -> float:
        """The usual time between two keys."""
        return statistics.median(self._intervals) if self._intervals else _INTERVAL_MS

    @property
    def latency(self) -> float:
        """The usual time from a request to its first character."""
        return statistics.median(self._answers) if self._answers else _LATENCY_MS

    def wait(self, prefix: str, suffix: str, most: float) -> float:
        """Return how long typing must rest at this place before a request goes out; never more than ``most``."""
        scale = min(_SCALE + _SCALE_PER_LATENCY * self.latency / self.interval, _MOST_SCALE)
        wanted = patience(prefix, suffix) * self.interval * scale
        return min(max(wanted, LEAST_MS), most)


def patience(prefix: str, suffix: str) -> float:
    """Return for how many usual intervals typing rests at this place before it has probably paused."""
    line = prefix[prefix.rfind("\n") + 1 :]
    if suffix.partition("\n")[0].strip(_CLOSERS):
        return _PATIENCE_UNLIKELY  # text follows on the line
    begun = line.strip()
    if not begun or begun.endswith(_OPENERS) or line.endswith(" "):
        return _PATIENCE_LIKELY  # a new line, an opened bracket, a new word
    return _PATIENCE
