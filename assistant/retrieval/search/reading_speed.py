"""How fast this computer reads prompts, as requests show it."""

from __future__ import annotations

from assistant.types import Finished

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

    def learn(self, finished: Finished) -> None:
        """Learn from a request that ended; from one that was given up while its prompt was read nothing can be said."""
        tokens, ms = finished.prompt_tokens - finished.cached_tokens, finished.timings.prefill_ms
        if tokens < _FEWEST_TO_MEASURE or ms <= 0 or not finished.generated_tokens:
            return
        speed = 1000 * tokens / ms
        self._speed = speed if self._speed is None else self._speed + _NEW_SHARE * (speed - self._speed)
