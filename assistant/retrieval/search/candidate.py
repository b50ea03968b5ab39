"""What may go into the prompt besides the open file, and which sources look for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Origin = Literal["definitions", "search", "recent", "tabs", "same_file"]
ORIGINS: tuple[Origin, ...] = ("definitions", "search", "recent", "tabs", "same_file")


@dataclass(frozen=True, slots=True)
class Sources:
    """Which sources are asked; each can be switched off, to measure what it is worth."""

    definitions: bool = True
    search: bool = True
    recent: bool = True
    tabs: bool = True
    same_file: bool = True

    def on(self, origin: Origin) -> bool:
        """Return whether this source is asked."""
        return bool(getattr(self, origin))


@dataclass(frozen=True, slots=True)
class Candidate:
    """Lines of a file that may help. ``text`` is whole lines; lines are 1-based and inclusive.

    ``short`` says the same with fewer lines, for where the text is too long: a definition's signature with its
    documentation and its members. ``strength`` is the source's own measure, 0 to 1, of how likely it helps at all;
    candidates of different sources are compared by their ranks.
    """

    path: str
    first_line: int
    last_line: int
    text: str
    origin: Origin
    why: str
    strength: float
    short: str = ""

    @property
    def key(self) -> tuple[str, int, int]:
        """The place, which is the same for all sources that found it."""
        return (self.path, self.first_line, self.last_line)
