"""Prompt lookup: drafts of the next tokens without a draft model.

A draft is what followed the last few tokens when they stood somewhere else: code repeats itself, and a suggestion often
repeats the file it goes into. A draft is checked by the model in one pass (prompt-lookup decoding; Saxena 2023, and
Yang et al. 2023, "Inference with reference"), so a wrong one costs a little time and never changes the text.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

LONGEST_MATCH = 4
"""Up to so many last tokens are looked for; longer matches make better drafts."""
_MEMORY = 0.9
_PATIENCE = 0.98
_FIRST_BELIEF = 0.5
_CODE = "I"  # unsigned, of 4 bytes wherever Python runs
_WIDTH = array(_CODE).itemsize


@dataclass(slots=True)
class AcceptanceRates:
    """How often drafts were right, by the length of the match that they came from; shared by all requests.

    A number is the chance that one more token of a draft is right, a mean that forgets old drafts slowly.
    """

    chances: list[float] = field(default_factory=lambda: [_FIRST_BELIEF] * (LONGEST_MATCH + 1))

    def learn(self, match: int, drafted: int, accepted: int) -> None:
        """Take note of how many tokens of a draft were right before one was wrong."""
        for hit in [1.0] * accepted + [0.0] * (accepted < drafted):
            self.chances[match] += (1 - _MEMORY) * (hit - self.chances[match])

    def forget(self, match: int) -> None:
        """Believe a little less in what was seen, so that drafts that did not pay are tried again some time."""
        self.chances[match] += (1 - _PATIENCE) * (_FIRST_BELIEF - self.chances[match])

    def best_length(self, match: int, most: int, cost: float) -> int:
        """Return how many tokens to draft so that most tokens come in the same time; 0 where drafting costs time.

        ``cost`` is what one more token costs to check, as a share of a pass with none.
        """
        chance, expected, best, best_rate = self.chances[match], 1.0, 0, 1.0
        for length in range(1, most + 1):
            expected += chance**length
            rate = expected / (1 + cost * length)
            if rate > best_rate:
                best, best_rate = length, rate
        return best


class Places:
    """A text of token ids, searched for the last place where some others stand in a row.

    It is kept as bytes, whose search is quick enough to need no index: a few microseconds for a thousand tokens.
    """

    def __init__(self, ids: Iterable[int] = ()) -> None:
        self._bytes = bytearray(array(_CODE, ids).tobytes())

    def append(self, token: int) -> None:
        """Add a token at the end."""
        self._bytes += token.to_bytes(_WIDTH, sys.byteorder)

    def last(self, count: int) -> bytes:
        """Return the last ``count`` tokens, or all that there are, as bytes to search for."""
        return bytes(self._bytes[-count * _WIDTH :])

    def find(self, last: bytes, most: int) -> tuple[int, list[int]]:
        """Return how many tokens of the end of ``last`` stand here, and up to ``most`` tokens that follow them there.

        What stands at the very end is followed by nothing and does not count.
        """
        for start in range(0, len(last), _WIDTH):
            place = self._rfind(last[start:])
            if place >= 0:
                after = place + len(last) - start
                return (len(last) - start) // _WIDTH, self._tokens(after, most)
        return 0, []

    def _rfind(self, tokens: bytes) -> int:
        end = len(self._bytes) - _WIDTH
        while (place := self._bytes.rfind(tokens, 0, end)) >= 0 and place % _WIDTH:
            end = place + len(tokens) - 1  # these bytes lie across tokens
        return place

    def _tokens(self, start: int, count: int) -> list[int]:
        found = array(_CODE)
        found.frombytes(self._bytes[start : start + count * _WIDTH])
        return found.tolist()


class PromptLookup:
    """Drafts for one sequence, from its own prompt and text and from other texts."""

    def __init__(
        self, prompt: Sequence[int], others: Sequence[Places], rates: AcceptanceRates, most: int, cost: float
    ) -> None:
        """``most`` tokens at once at most; ``cost``: see AcceptanceRates.best_length."""
        self._own = Places(prompt)
        self._others = others
        self._rates = rates
        self._most = most
        self._cost = cost
        self._match = 0

    def append(self, token: int) -> None:
        """Take note of a token that was written."""
        self._own.append(token)

    def draft(self, room: int) -> Sequence[int]:
        """Return up to ``room`` tokens that may come next; none where drafting would not pay."""
        most = min(self._most, room)
        if most <= 0:
            return ()
        last = self._own.last(LONGEST_MATCH)
        found = [places.find(last, most) for places in (self._own, *self._others)]
        self._match, draft = max(found, key=lambda one: one[0])
        if not self._match:
            return ()
        length = self._rates.best_length(self._match, most, self._cost)
        if length == 0:
            self._rates.forget(self._match)
        return draft[:length]

    def learn(self, drafted: int, accepted: int) -> None:
        """Take note of how many tokens of the last draft were right."""
        self._rates.learn(self._match, drafted, accepted)
