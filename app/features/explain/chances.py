"""Probabilities as people read them, and the tints that stand for them."""

from __future__ import annotations

import math

from app.theme import Theme
from app.theme.palette import mixed

LIMITS = (0.9, 0.6, 0.3)
"""From each of these down to the next one a band of its own: the less likely, the stronger its tint."""
_SHARES = (0.0, 0.14, 0.26, 0.4)
_SIGNS = str.maketrans({" ": "·", "\t": "⇥", "\n": "↵", "\r": "␍"})


def percent(logprob: float) -> str:
    """Return a natural-log probability in percent; what is neither certain nor impossible does not look so."""
    chance = math.exp(min(logprob, 0.0))
    if chance < 0.005:
        return "< 1 %"
    if 0.995 <= chance < 0.9999:
        return "> 99 %"
    return f"{100 * chance:.0f} %"


def band(logprob: float) -> int:
    """Return how doubtful a token is: 0 (all but certain) to 3."""
    chance = math.exp(min(logprob, 0.0))
    return next((number for number, limit in enumerate(LIMITS) if chance >= limit), len(LIMITS))


def tint(theme: Theme, number: int) -> str:
    """Return the colour behind the tokens of a band, as ``#rrggbb``.

    One hue in four strengths: that can be told apart without seeing colours. All leave text readable.
    """
    return mixed(theme.colors["warn"], theme.colors["background"], _SHARES[number]).name()


def visible(text: str) -> str:
    """Return a token with signs in place of its blanks and line ends."""
    return text.translate(_SIGNS)
