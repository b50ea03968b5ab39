"""The suggestions of lately, found again at their place: after a deletion, an undo, or as what was asked ahead."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict

from assistant.editing.suggestions.offer import Offer
from assistant.types import Finished

# What a place is known by. Lines further up may change and scroll away; what follows the cursor belongs to the place,
# or a suggestion would come back where its end stands there already.
_LINES_BEFORE = 12
_PREFIX_TAIL = 2000
_SUFFIX_HEAD = 500
# How far left of the cursor a suggestion may begin that what was typed, pasted or brought back since agrees with.
_LOOK_BACK = 200

_Place = tuple[str, str]


class OfferMemory:
    """Offers by the text right around the place they were made for; those used longest ago make room."""

    def __init__(self, size: int = 64) -> None:
        self._size = size
        self._offers: OrderedDict[_Place, Offer] = OrderedDict()

    def put(self, offer: Offer) -> None:
        """Remember an offer, in place of the one before for the same place."""
        place = _place(offer.prefix, len(offer.prefix), offer.suffix)
        self._offers[place] = dataclasses.replace(offer, prefix="", suffix="")  # not the whole file
        self._offers.move_to_end(place)
        if len(self._offers) > self._size:
            self._offers.popitem(last=False)

    def get(self, prefix: str, suffix: str) -> Offer | None:
        """Return an offer that has something left here: made for this place, or for one that typing led away from."""
        for end in range(len(prefix), max(-1, len(prefix) - _LOOK_BACK - 1), -1):
            place = _place(prefix, end, suffix)
            offer = self._offers.get(place)
            if offer is None:
                continue
            offer = dataclasses.replace(offer, prefix=prefix[:end], suffix=suffix)
            if offer.rests(prefix, suffix):
                self._offers.move_to_end(place)
                return offer
        return None

    def clear(self) -> None:
        """Drop everything."""
        self._offers.clear()

    def forget(self, finished: Finished) -> None:
        """Drop the answer ``finished``."""
        self._offers = OrderedDict((k, o) for k, o in self._offers.items() if o.finished is not finished)


def _place(prefix: str, end: int, suffix: str) -> _Place:
    """Return what the place between ``prefix[:end]`` and ``suffix`` is known by."""
    lines = prefix[max(0, end - _PREFIX_TAIL) : end].rsplit("\n", _LINES_BEFORE + 1)
    return "\n".join(lines[-_LINES_BEFORE - 1 :]), suffix[:_SUFFIX_HEAD]
