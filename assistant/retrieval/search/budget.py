"""How many tokens of the repository a prompt may hold, by how fast this computer reads."""

from __future__ import annotations

LEAST_TOKENS = 256
MOST_TOKENS = 2048
# Reading the repository's part for the first time may take about this long; afterwards the KV cache has it.
SECONDS = 1.0
_CLEARLY = 0.15


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
