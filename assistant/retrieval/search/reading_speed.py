"""How fast this computer reads prompts, as requests show it, and how many tokens of the repository that allows."""

from __future__ import annotations

from assistant.types import Finished

LEAST_TOKENS = 256
MOST_TOKENS = 2048
# Reading the repository's part for the first time may take about this long; afterwards the KV cache has it.
SECONDS = 1.0
_CLEARLY = 0.15
_OUTLINE_STEP = 128

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


def tokens_for(tokens_per_second: float | None, current: int = LEAST_TOKENS) -> int:
    """Return the budget: what is read in about a second, as a power of two between 256 and 2048 tokens.

    A processor with AVX2 reads 100 to 250 tokens a second and gets 256; one with AMX reads 1500 and gets 1024; a
    graphics card gets 2048. Not measured yet (None) counts as slow. A budget that changes moves all that stands in the
    prompt, so ``current`` stays unless the speed is clearly another one: 15 % beyond what would change it.
    """
    reads = (tokens_per_second or 0.0) * SECONDS
    budget = current
    while budget < MOST_TOKENS and reads >= 2 * budget * (1 + _CLEARLY):
        budget *= 2
    while budget > LEAST_TOKENS and reads < budget * (1 - _CLEARLY):
        budget //= 2
    return budget


def share_beside(budget: int, outlined: int) -> int:
    """Return what is left of the budget beside ``outlined`` tokens of the open file in short, which goes first.

    In steps, since a budget that changes moves all that stands in the prompt, and never less than half of the least.
    """
    spent = -(-outlined // _OUTLINE_STEP) * _OUTLINE_STEP
    return max(budget - spent, LEAST_TOKENS // 2)
