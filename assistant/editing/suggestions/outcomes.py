"""What became of each suggestion that was shown: taken, how much of it and how, or why it went away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast, get_args

from assistant.editing.suggestions.offer import Insertion, Offer
from assistant.editing.suggestions.requests import Trigger

How = Literal["word", "line", "all"]
"""By which key something was taken, the smallest first."""

_SIZES = get_args(How)

Fate = Literal["taken", "typed", "dismissed", "edited", "moved", "replaced", "withdrawn"]
"""How it ended: ``taken`` or ``typed`` to its end; waved away; something else was typed; the cursor or the person went
elsewhere; another one was asked for; or its end never came, which is nobody's choice."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One suggestion, from its first character on the screen until it was gone; alternatives looked through are one.

    ``trigger`` says how it was asked for. ``model`` and ``adapter`` are None where it went before it was whole.
    ``characters`` and ``lines`` are what it came to, of which ``taken`` characters were taken with ``presses`` keys,
    the largest of them ``how`` (None: nothing was taken), and ``typed`` were typed by hand as it said.
    """

    trigger: Trigger
    fate: Fate
    shown_ms: float
    characters: int
    lines: int
    taken: int = 0
    typed: int = 0
    presses: int = 0
    how: How | None = None
    model: str | None = None
    adapter: str | None = None


@dataclass(slots=True)
class _Seen:
    """The suggestion on the screen: since when, at which place it began, and what was there of it last."""

    offer: Offer
    since: float
    start: int
    prefix: str
    suffix: str
    rest: Insertion
    step: int = 0
    """By how many characters the last edit went along it."""
    taken: int = 0
    presses: int = 0
    how: How | None = None

    def follow(self, prefix: str, suffix: str, rest: Insertion) -> None:
        self.step = len(prefix) - len(self.prefix)
        self.start = min(self.start, len(prefix))
        self.prefix, self.suffix, self.rest = prefix, suffix, rest
        # What was taken and deleted again was not taken; the same text may be taken once more.
        self.taken = min(self.taken, len(prefix) - self.start)
        if not self.taken:
            self.presses, self.how = 0, None

    def take(self, how: How) -> None:
        self.taken += self.step
        self.step = 0
        self.presses += 1
        if self.how is None or _SIZES.index(how) > _SIZES.index(self.how):
            self.how = how


class Watch:
    """Follows what one session shows. Whether what an edit used up was taken or typed is told after the edit."""

    def __init__(self) -> None:
        self._seen: _Seen | None = None
        self._used_up: tuple[_Seen, float] | None = None
        """The one that the last edit used up, and when."""

    def look(
        self, offer: Offer | None, shown: Insertion | None, prefix: str, suffix: str, now: float, fate: Fate
    ) -> list[Outcome]:
        """Note what is shown after an input, and what text there is; ``fate`` is what a suggestion that went met with.

        Returns the outcomes that are certain now.
        """
        outcomes = self._settle()
        seen = self._seen
        if seen is not None and shown is not None and offer is not None and seen.offer.request_id == offer.request_id:
            seen.follow(prefix, suffix, shown)
            seen.offer = offer
            return outcomes
        if seen is not None:
            self._seen = None
            if _uses_up(seen, prefix, suffix):
                seen.follow(prefix, suffix, Insertion(seen.rest.text[len(prefix) - len(seen.prefix) :]))
                self._used_up = seen, now
            else:
                outcomes.append(_outcome(seen, fate, now))
        if shown is not None and offer is not None:
            self._seen = _Seen(offer, now, len(prefix), prefix, suffix, shown)
        return outcomes

    def accepted(self, kind: str) -> list[Outcome]:
        """Note that the last edit was the key that takes ``kind``: ``all``, ``line`` or ``word``."""
        how = cast("How", kind)
        if self._used_up is not None:
            (seen, now), self._used_up = self._used_up, None
            seen.take(how)
            return [_outcome(seen, "taken", now)]
        if self._seen is not None and self._seen.step > 0:
            self._seen.take(how)
        return []

    def _settle(self) -> list[Outcome]:
        """Return the outcome of what the edit before used up, if anything: no key took it."""
        if self._used_up is None:
            return []
        (seen, now), self._used_up = self._used_up, None
        return [_outcome(seen, "typed", now)]


def _uses_up(seen: _Seen, prefix: str, suffix: str) -> bool:
    """Whether the text is now as if the suggestion had been taken, or as it is in front of what that would replace."""
    if not prefix.startswith(seen.prefix):
        return False
    rest, added = seen.rest, prefix[len(seen.prefix) :]
    if suffix == seen.suffix:
        return rest.text in (added, added + suffix[: rest.replaces])
    return rest.text == added and suffix == seen.suffix[rest.replaces :]


def _outcome(seen: _Seen, fate: Fate, now: float) -> Outcome:
    along = seen.prefix[seen.start :]
    text = along + seen.rest.text
    finished = seen.offer.finished
    return Outcome(
        trigger=seen.offer.trigger,
        fate=fate,
        shown_ms=now - seen.since,
        characters=len(text),
        lines=text.count("\n") + 1,
        taken=seen.taken,
        typed=max(0, len(along) - seen.taken),
        presses=seen.presses,
        how=seen.how,
        model=finished.model if finished else None,
        adapter=finished.adapter if finished else None,
    )
