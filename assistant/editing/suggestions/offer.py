"""A suggestion and the place it was made for: what is left of it where the cursor is now."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Literal

from assistant.types import Finished

Trigger = Literal["auto", "manual", "ahead"]


@dataclass(frozen=True, slots=True)
class Insertion:
    """Text to put at the cursor in place of the next ``replaces`` characters right of it.

    ``answer`` and ``choice`` say what it is, or is the rest, of; None while it still streams in.
    """

    text: str
    replaces: int = 0
    answer: Finished | None = field(default=None, compare=False, repr=False)
    choice: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Offer:
    """Alternatives for the place between ``prefix`` and ``suffix``; ``index`` is the chosen one.

    ``whole`` is False while they still stream in; ``asked_more`` says that alternatives were asked for.
    ``request_id`` and ``trigger`` are of the request that it answers.
    """

    prefix: str
    suffix: str
    insertions: tuple[Insertion, ...]
    index: int = 0
    whole: bool = True
    asked_more: bool = False
    finished: Finished | None = None
    request_id: str = ""
    trigger: Trigger = "auto"

    def _typed(self, prefix: str, suffix: str) -> str | None:
        """Return what was typed since the offer was made, None when the text changed in another way."""
        if suffix != self.suffix or not prefix.startswith(self.prefix):
            return None
        return prefix[len(self.prefix) :]

    def rests(self, prefix: str, suffix: str) -> dict[int, Insertion]:
        """Return, by index, what is left of each alternative that still agrees with the text; none twice."""
        typed = self._typed(prefix, suffix)
        if typed is None:
            return {}
        found: dict[int, Insertion] = {}
        for index, insertion in enumerate(self.insertions):
            rest = dataclasses.replace(insertion, text=insertion.text[len(typed) :])
            # One that only puts there what stands there already is used up.
            used_up = rest.text == suffix[: rest.replaces]
            if not used_up and rest.text and insertion.text.startswith(typed) and rest not in found.values():
                found[index] = rest
        return found

    def at(self, prefix: str, suffix: str) -> tuple[Offer, Insertion | None]:
        """Return the offer and what is left of its chosen alternative; another is chosen where that one disagrees."""
        rests = self.rests(prefix, suffix)
        if not rests:
            return self, None
        index = self.index if self.index in rests else next(iter(rests))
        return dataclasses.replace(self, index=index), rests[index]

    def agrees(self, prefix: str, suffix: str) -> bool:
        """Whether the first text and what was typed go the same way as far as both reach."""
        typed = self._typed(prefix, suffix)
        text = self.insertions[0].text
        return typed is not None and (text.startswith(typed) or typed.startswith(text))

    def extended(self, text: str) -> Offer:
        """Return the offer with more of its first text."""
        return dataclasses.replace(self, insertions=(Insertion(self.insertions[0].text + text),))

    def accepted(self) -> tuple[str, str]:
        """Return the text left and right of the cursor once the chosen alternative is taken."""
        chosen = self.insertions[self.index]
        return self.prefix + chosen.text, self.suffix[chosen.replaces :]

    def moved_to(self, prefix: str, suffix: str, first: Insertion | None) -> Offer:
        """Return what is left of the alternatives as an offer for this place, with ``first`` (if any) before them."""
        rests = list(self.rests(prefix, suffix).values())
        if first is not None:
            rests = [first, *(rest for rest in rests if rest != first)]
        return dataclasses.replace(
            self, prefix=prefix, suffix=suffix, insertions=tuple(rests), index=0, asked_more=True
        )
