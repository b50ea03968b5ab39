"""A suggestion and the place it was made for: what is left of it where the cursor is now, and a memory of them."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from dataclasses import dataclass

from assistant.types import Finished

_PREFIX_TAIL = 2000
_SUFFIX_HEAD = 500


@dataclass(frozen=True, slots=True)
class Offer:
    """Alternatives for the text between ``prefix`` and ``suffix``; ``index`` is the chosen one.

    ``whole`` is False while they still stream in; ``asked_more`` says that alternatives were asked for.
    """

    prefix: str
    suffix: str
    texts: tuple[str, ...]
    index: int = 0
    whole: bool = True
    asked_more: bool = False
    finished: Finished | None = None

    def _typed(self, prefix: str, suffix: str) -> str | None:
        """Return what was typed since the offer was made, None when the text changed in another way."""
        if suffix != self.suffix or not prefix.startswith(self.prefix):
            return None
        return prefix[len(self.prefix) :]

    def rests(self, prefix: str, suffix: str) -> dict[int, str]:
        """Return, by index, what is left of each alternative that still agrees with the text; none twice."""
        typed = self._typed(prefix, suffix)
        if typed is None:
            return {}
        found: dict[int, str] = {}
        for index, text in enumerate(self.texts):
            rest = text[len(typed) :]
            if rest and text.startswith(typed) and rest not in found.values():
                found[index] = rest
        return found

    def at(self, prefix: str, suffix: str) -> tuple[Offer, str]:
        """Return the offer and what is left of its chosen alternative; another is chosen where that one disagrees."""
        rests = self.rests(prefix, suffix)
        if not rests:
            return self, ""
        index = self.index if self.index in rests else next(iter(rests))
        return dataclasses.replace(self, index=index), rests[index]

    def agrees(self, prefix: str, suffix: str) -> bool:
        """Whether the first text and what was typed go the same way as far as both reach."""
        typed = self._typed(prefix, suffix)
        return typed is not None and (self.texts[0].startswith(typed) or typed.startswith(self.texts[0]))

    def extended(self, text: str) -> Offer:
        """Return the offer with more of its first text."""
        return dataclasses.replace(self, texts=(self.texts[0] + text,))


class OfferMemory:
    """The offers that were shown lately, by the text right around the cursor; the oldest make room."""

    def __init__(self, size: int = 64) -> None:
        self._size = size
        self._offers: OrderedDict[tuple[str, str], Offer] = OrderedDict()

    def put(self, prefix: str, suffix: str, offer: Offer) -> None:
        """Remember what ``offer`` still offers at this place."""
        chosen, rest = offer.at(prefix, suffix)
        others = [text for index, text in offer.rests(prefix, suffix).items() if index != chosen.index]
        key = _key(prefix, suffix)
        self._offers[key] = dataclasses.replace(offer, prefix="", suffix="", texts=(rest, *others), index=0)
        self._offers.move_to_end(key)
        if len(self._offers) > self._size:
            self._offers.popitem(last=False)

    def get(self, prefix: str, suffix: str) -> Offer | None:
        """Return what was offered at this place, as an offer for it."""
        key = _key(prefix, suffix)
        offer = self._offers.get(key)
        if offer is None:
            return None
        self._offers.move_to_end(key)
        return dataclasses.replace(offer, prefix=prefix, suffix=suffix)

    def forget(self, finished: Finished) -> None:
        """Drop every place of the answer ``finished``."""
        self._offers = OrderedDict((k, o) for k, o in self._offers.items() if o.finished is not finished)


def _key(prefix: str, suffix: str) -> tuple[str, str]:
    return prefix[-_PREFIX_TAIL:], suffix[:_SUFFIX_HEAD]
