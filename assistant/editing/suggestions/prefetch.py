"""Asking ahead: what would follow the suggestion that is shown, before anybody wants it."""

from __future__ import annotations

from collections.abc import Callable

from assistant.editing.suggestions.memory import OfferMemory
from assistant.editing.suggestions.requests import Flight, is_cut_off
from assistant.types import Delta, Event, Failed, Finished


class Prefetch:
    """At most one request for what comes after the suggestion that is shown, asked once for each place.

    ``launch`` sends the request for a text around the cursor, ``give_up`` tells that one is not wanted any more.
    """

    def __init__(
        self, launch: Callable[[str, str, float], Flight], give_up: Callable[[Flight], None], memory: OfferMemory
    ) -> None:
        self._launch = launch
        self._give_up = give_up
        self._memory = memory
        self._flight: Flight | None = None
        self._looked_at: tuple[str, str] | None = None

    def look(self, place: tuple[str, str] | None, now: float) -> None:
        """Ask at ``place``, the text around the cursor once what is shown is taken; None where nothing is to be asked.

        An older request for another place is given up.
        """
        if self._flight is not None and (self._flight.stream.prefix, self._flight.stream.suffix) != place:
            self.cancel()
        if place is not None and place != self._looked_at:
            self._looked_at = place
            if self._memory.get(*place) is None:
                self._flight = self._launch(*place, now)

    def hand_over(self, prefix: str, suffix: str) -> Flight | None:
        """Return the request if the text is now what it was asked for: from here on somebody waits for it."""
        flight = self._flight
        if flight is None or not flight.stream.agrees(prefix, suffix):
            return None
        self._flight = None
        return flight

    def event(self, event: Event) -> None:
        """Take an event of the request, if it is one: what it brings is kept for when somebody wants it."""
        if self._flight is None or event.request_id != self._flight.id:
            return
        match event:
            case Delta(index=0):
                self._flight.stream = self._flight.stream.extended(event.text)
            case Finished():
                if not is_cut_off(event):
                    self._memory.put(self._flight.whole(event))
                self._flight = None
            case Failed():
                self._flight = None
            case _:
                pass

    def cancel(self) -> None:
        """Give the request up, if there is one."""
        if self._flight is not None:
            self._give_up(self._flight)
            self._flight = self._looked_at = None
