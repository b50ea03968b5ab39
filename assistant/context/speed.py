"""How fast this computer reads prompts, as requests show it."""

from __future__ import annotations

# Of fewer tokens most of the time is not reading.
_FEWEST_TO_MEASURE = 64
_NEW_SHARE = 0.3


class ReadingSpeed:
    """Tokens that the model reads in a second, as a mean in which newer requests count more."""

    def __init__(self) -> None:
        self._speed: float | None = None

    @property
    def tokens_per_second(self) -> float | None:
        """The mean, or None before the first measurement."""
        return self._speed

    def learn(self, tokens: int, ms: float) -> None:
        """Take a measurement: so many tokens were read, cached ones not counted, in so many milliseconds."""
        if tokens < _FEWEST_TO_MEASURE or ms <= 0:
            return
        speed = 1000 * tokens / ms
        self._speed = speed if self._speed is None else self._speed + _NEW_SHARE * (speed - self._speed)
