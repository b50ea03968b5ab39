"""Bytes of tokens to text, piece by piece: whole characters only, and nothing of a stop string."""

from __future__ import annotations

import codecs
from collections.abc import Sequence

_NO_CHARACTER = "\N{REPLACEMENT CHARACTER}"


class TextStream:
    """Turns the bytes of one sequence's tokens into text as they come.

    Half a character waits for its other half, and is left out where that never comes: a limit on tokens ends an
    answer between the two. What may be the start of a stop string waits until it is clear. However the bytes are cut
    into tokens, the text is the same.
    """

    def __init__(
        self, stop: Sequence[str] = (), *, drop_leading_space: bool = False, decoded_elsewhere: bool = False
    ) -> None:
        """``drop_leading_space`` leaves out one space at the very start, which SentencePiece puts there.

        ``decoded_elsewhere``: the bytes are of a text, in which half a character at the end has become U+FFFD.
        """
        self._stop = tuple(each for each in stop if each)
        self._decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        self._drop_space = drop_leading_space
        self._half = _NO_CHARACTER if decoded_elsewhere else ""
        self._held = ""
        self.length = 0
        """Characters decoded so far, those that are held back included."""
        self.stopped = False
        """Whether a stop string has come; what follows it is ignored."""
        self.stop_string = ""
        """The one that has come."""

    def feed(self, data: bytes) -> str:
        """Take the next token's bytes and return the text that is now certain (often none)."""
        return self._take(self._decoder.decode(data))

    def finish(self) -> str:
        """Return what was held back, once no more tokens come, but for half a character."""
        rest = self._take(self._decoder.decode(b"", final=True))
        held, self._held = self._held, ""
        return self._whole(rest + held)

    def _take(self, text: str) -> str:
        if self.stopped:
            return ""
        if self._drop_space and text:
            self._drop_space = False
            text = text.removeprefix(" ")
        self.length += len(text)
        self._held += text
        found = _first_stop(self._held, self._stop)
        if found is not None:
            self.stopped = True
            cut, self.stop_string = found
        else:
            cut = len(self._held) - _possible_start(self._held, self._stop)
        certain = self._whole(self._held[:cut])
        self._held = "" if self.stopped else self._held[len(certain) :]
        return certain

    def _whole(self, text: str) -> str:
        """Return the text without what may be half a character at its end."""
        return text.rstrip(self._half) if self._half else text


def _first_stop(text: str, stop: Sequence[str]) -> tuple[int, str] | None:
    """Return the stop string that is complete first (the longest, of two that end together), after where it begins."""
    found = [(start + len(each), start, each) for each in stop if (start := text.find(each)) >= 0]
    return min(found)[1:] if found else None


def _possible_start(text: str, stop: Sequence[str]) -> int:
    """Return the length of the longest end of ``text`` that some stop string begins with."""
    longest = max((len(each) for each in stop), default=0)
    for length in range(min(longest - 1, len(text)), 0, -1):
        if any(each.startswith(text[-length:]) for each in stop if len(each) > length):
            return length
    return 0
