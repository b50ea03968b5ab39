"""What filters look at and change: the hole, and the suggestion as far as it has come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.completion.shape import Shape
from assistant.completion.spans import mean_logprob
from assistant.completion.syntax import Syntax
from assistant.types import TokenLogprob


@dataclass(frozen=True, slots=True)
class Hole:
    """The place that a suggestion is for. ``auto``: nobody asked for it, so a doubtful one is better not shown."""

    syntax: Syntax
    shape: Shape
    auto: bool = True
    least_logprob: float = float("-inf")
    """The least mean log-probability of a token with which a suggestion is shown unasked."""
    limited: bool = False
    """Whether who asked set a limit on its tokens below the place's own: all of them are wanted, wherever they end."""
    begun_otherwise: bool = False
    """Whether the model was made to begin otherwise than it wanted: it may then write the same as a comment."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A suggestion on its way to being shown; it takes the place of ``replaces`` characters right of the cursor.

    ``cut_short``: the model was stopped by the limit on its tokens.
    """

    text: str
    replaces: int = 0
    cut_short: bool = False
    tokens: tuple[TokenLogprob, ...] = ()
    """All that the model wrote, also what was cut since; ``written`` is the text of it."""
    written: str = ""

    @property
    def mean_logprob(self) -> float | None:
        """The mean log-probability of the tokens that the text is made of; None where they are not known."""
        return mean_logprob(self.written, self.text, self.tokens)


Filter = Callable[[Hole, Draft], Draft | None]
"""Return the draft, changed or as it was; None: it is not to be shown."""

Judge = Callable[[Hole, Sequence[str], str], bool]
"""Whether a suggestion ends before a line that was just written whole, given those of it before that.

All are lines as they would stand in the file: the first begins with what is left of the cursor.
"""
