"""Where the person was last: places they edited or looked at, the newest first, near ones as one."""

from __future__ import annotations

from typing import Literal

from assistant.types import Place

_SIZE = 16
_NEAR_LINES = 20


class RecentPlaces:
    """At most 16 places; those visited longest ago are forgotten."""

    def __init__(self) -> None:
        self._places: tuple[Place, ...] = ()

    @property
    def places(self) -> tuple[Place, ...]:
        """The places, the newest first."""
        return self._places

    def note(self, path: str, line: int, kind: Literal["edited", "viewed"]) -> None:
        """Note that the person is at a line (from 1). What was edited stays so when it is only looked at again."""
        near = [place for place in self._places if place.path == path and abs(place.line - line) <= _NEAR_LINES]
        if any(place.kind == "edited" for place in near):
            kind = "edited"
        others = tuple(place for place in self._places if place not in near)
        self._places = (Place(path, line, kind), *others)[:_SIZE]

    def forget(self) -> None:
        """Forget all of them."""
        self._places = ()
