"""When an editor asks for a suggestion and which one it shows: the window's rules, for any server alike.

A small copy of what the window does, without its alternatives and messages: wait until typing rests, shorten a
suggestion that is typed along, recall those that were shown at a place before, ask for nothing inside an identifier.
Where the window's own session does something else, this is wrong. ``now`` is in milliseconds.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace

_REMEMBERED = 64
_PREFIX_TAIL = 2000
_SUFFIX_HEAD = 500


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Fire once after ``ms``; None stops the timer."""

    ms: float | None


@dataclass(frozen=True, slots=True)
class Send:
    """Ask for a suggestion here. ``key_at`` is when the key was pressed that asks."""

    request: int
    prefix: str
    suffix: str
    key_at: float


@dataclass(frozen=True, slots=True)
class Cancel:
    """Give a request up."""

    request: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A request's suggestion became visible: with its first characters, or ``whole``."""

    request: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Recalled:
    """A suggestion is shown at once: it was made for this place before, or is what is left of one typed along."""


Reaction = SetTimer | Send | Cancel | Shown | Recalled


@dataclass(frozen=True, slots=True)
class Offer:
    """A suggestion and the place it was made for."""

    prefix: str
    suffix: str
    text: str
    whole: bool = False
    request: int = 0

    def typed(self, prefix: str, suffix: str) -> str | None:
        """Return what was typed since; None where the text changed in another way."""
        same = suffix == self.suffix and prefix.startswith(self.prefix)
        return prefix[len(self.prefix) :] if same else None

    def rest(self, prefix: str, suffix: str) -> str:
        """Return what is left of it here."""
        typed = self.typed(prefix, suffix)
        return self.text[len(typed) :] if typed is not None and self.text.startswith(typed) else ""

    def agrees(self, prefix: str, suffix: str) -> bool:
        """Whether it and what was typed go the same way as far as both reach."""
        typed = self.typed(prefix, suffix)
        return typed is not None and (self.text.startswith(typed) or typed.startswith(self.text))


@dataclass(slots=True)
class _Flight:
    request: int
    offer: Offer
    seen: bool = False


class Rules:
    """One text and one cursor. At most one request runs at a time."""

    def __init__(self, prefix: str, suffix: str, debounce_ms: float) -> None:
        self._prefix, self._suffix = prefix, suffix
        self._debounce_ms = debounce_ms
        self._edited_at = 0.0
        self._dismissed = False
        self._timer_on = False
        self._requests = 0
        self._flight: _Flight | None = None
        self._offer: Offer | None = None
        self._shown = ""
        self._memory: OrderedDict[tuple[str, str], Offer] = OrderedDict()
        self._reactions: list[Reaction] = []

    @property
    def pending(self) -> bool:
        """Whether a request runs or is about to be sent."""
        return self._timer_on or self._flight is not None

    def edited(self, prefix: str, suffix: str, now: float) -> list[Reaction]:
        """Follow a change of the text."""
        self._prefix, self._suffix, self._edited_at, self._dismissed = prefix, suffix, now, False
        if self._flight is not None and not self._flight.offer.agrees(prefix, suffix):
            self._cancel()
        streaming = self._flight.offer if self._flight is not None else None
        had = self._offer
        for offer in (self._offer, streaming):
            if offer is not None and self._adopt(offer):
                if offer is had:
                    self._reactions.append(Recalled())
                break
        else:
            self._offer = None
            self._recall()
        if self._offer is None:
            self._shown = ""
        if self._shown or (self._flight is not None and self._flight.offer.text):
            self._set_timer(None)
        else:
            self._arm(now)
        return self._take()

    def moved(self, prefix: str, suffix: str, now: float) -> list[Reaction]:
        """Follow the cursor to another place in the same text."""
        self._prefix, self._suffix = prefix, suffix
        pending = self._timer_on
        self._leave()
        if pending:
            self._arm(now)
        return self._take()

    def accepted(self) -> list[Reaction]:
        """Note that the last change was a suggestion that was accepted; what follows is wanted at once."""
        if self._timer_on:
            self._set_timer(0)
        return self._take()

    def dismissed(self) -> list[Reaction]:
        """Show nothing here, and ask for nothing until the next edit."""
        if self._offer is not None and self._offer.whole:
            kept = ((key, offer) for key, offer in self._memory.items() if offer.request != self._offer.request)
            self._memory = OrderedDict(kept)
        self._dismissed = True
        self._leave()
        return self._take()

    def timer_fired(self) -> list[Reaction]:
        """Ask, now that the time of SetTimer is over."""
        if self._timer_on:
            self._cancel()
            self._set_timer(None)
            self._requests += 1
            offer = Offer(self._prefix, self._suffix, "", request=self._requests)
            self._flight = _Flight(self._requests, offer)
            self._reactions.append(Send(self._requests, self._prefix, self._suffix, self._edited_at))
        return self._take()

    def arrived(self, request: int, text: str, now: float) -> list[Reaction]:
        """Take the next characters of an answer; those of an old one are dropped."""
        flight = self._flight
        if flight is None or flight.request != request or not text:
            return []
        flight.offer = replace(flight.offer, text=flight.offer.text + text)
        if not flight.offer.agrees(self._prefix, self._suffix):
            self._cancel()
            if not self._timer_on and not self._shown:
                self._arm(now)
            return self._take()
        self._set_timer(None)
        rest = flight.offer.rest(self._prefix, self._suffix)
        # What is shown is replaced only by what extends it.
        if rest != self._shown and rest.startswith(self._shown):
            self._adopt(flight.offer)
            if not flight.seen:
                flight.seen = True
                self._reactions.append(Shown(request, whole=False))
        return self._take()

    def finished(self, request: int, text: str, now: float) -> list[Reaction]:
        """Take the whole text of an answer; empty where there is none, or where it failed."""
        flight = self._flight
        if flight is None or flight.request != request:
            return []
        self._flight = None
        offer = replace(flight.offer, text=text, whole=True)
        if self._adopt(offer):
            if not flight.seen:
                self._reactions.append(Shown(request, whole=False))
            self._reactions.append(Shown(request, whole=True))
            return self._take()
        if self._offer is not None and not self._offer.whole:
            self._offer, self._shown = None, ""
        if not self._shown and self._prefix != offer.prefix and not self._timer_on:
            self._arm(now)
        return self._take()

    def closed(self) -> list[Reaction]:
        """Give everything up."""
        self._leave()
        return self._take()

    def _adopt(self, offer: Offer) -> bool:
        """Show what is left of an offer here, if anything; a whole one is remembered."""
        rest = offer.rest(self._prefix, self._suffix)
        if not rest:
            return False
        self._offer, self._shown = offer, rest
        if offer.whole:
            key = _key(self._prefix, self._suffix)
            self._memory[key] = replace(offer, text=rest)
            self._memory.move_to_end(key)
            if len(self._memory) > _REMEMBERED:
                self._memory.popitem(last=False)
        return True

    def _recall(self) -> None:
        found = self._memory.get(_key(self._prefix, self._suffix))
        if found is not None and self._adopt(replace(found, prefix=self._prefix, suffix=self._suffix)):
            self._cancel()
            self._reactions.append(Recalled())

    def _arm(self, now: float) -> None:
        following = self._suffix[:1]
        if self._dismissed or following.isalnum() or following == "_":
            self._set_timer(None)
        else:
            self._set_timer(max(0.0, self._debounce_ms - (now - self._edited_at)))

    def _leave(self) -> None:
        self._cancel()
        self._set_timer(None)
        self._offer, self._shown = None, ""

    def _cancel(self) -> None:
        if self._flight is not None:
            self._reactions.append(Cancel(self._flight.request))
            self._flight = None

    def _set_timer(self, ms: float | None) -> None:
        if ms is not None or self._timer_on:
            self._reactions.append(SetTimer(ms))
        self._timer_on = ms is not None

    def _take(self) -> list[Reaction]:
        reactions, self._reactions = self._reactions, []
        return reactions


def _key(prefix: str, suffix: str) -> tuple[str, str]:
    return prefix[-_PREFIX_TAIL:], suffix[:_SUFFIX_HEAD]
