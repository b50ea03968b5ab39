"""Token healing: an answer that is held to a beginning, whatever tokens the text before it was cut into.

A word that somebody is in the middle of is cut into other tokens than the whole word, and models guess badly from
there. So the prompt ends before that piece, and the first tokens are chosen among those that spell it; the last of
them may go on beyond it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence

_PAST_EVERY_BYTE = b"\xff" * 8
"""Bytes of no token; no UTF-8 has them."""
_INDENT = b" \t"
_BLANKS = (b" ", b"\t", b"\r", b"\n")


class ByteVocabulary:
    """The tokens of a vocabulary in the order of their bytes, to find those that spell a text."""

    def __init__(self, spellings: Iterable[tuple[bytes, int]]) -> None:
        """Take the bytes and the id of each token; those without bytes (control tokens) are left out."""
        ordered = sorted((spelling, token) for spelling, token in spellings if spelling)
        self._bytes = [spelling for spelling, _ in ordered]
        self._ids = [token for _, token in ordered]
        self._indenting: dict[bytes, list[int]] = {}

    def spelling(self, text: bytes) -> list[int]:
        """Return the tokens with which ``text`` can begin: they begin with all of it, or it begins with them.

        Ids that stand for the same bytes are all there. Nothing for an empty text. Of blanks as in an indentation only
        what makes no other one: see ``_indent``.
        """
        if not text:
            return []
        if not text.strip(_INDENT):
            if text not in self._indenting:
                self._indenting[text] = self._indent(text)
            return self._indenting[text]
        start, end = self._beginning_with(text)
        found = self._ids[start:end]
        for size in range(1, len(text)):
            found += self._equal(text[:size])
        return found

    def spelling_one(self, texts: Sequence[bytes]) -> list[int]:
        """Return the tokens with which any of these texts, none of them of blanks alone, can begin."""
        return sorted({token for text in texts for token in self.spelling(text)})

    def _indent(self, text: bytes) -> list[int]:
        """Return the tokens for blanks that end where they end: no deeper, and as tokenizers cut them.

        Those leave the last blank to the word that follows, and take as many of the others at once as there is a token
        for. A model that had rather another indentation would take its token for that, and be lost with what is left.
        """
        start, end = self._beginning_with(text)
        size = len(text)
        found = [self._ids[at] for at in range(start, end) if self._ends_indent(self._bytes[at][size:], size)]
        for shorter in range(size - 1, 0, -1):
            if equal := self._equal(text[:shorter]):
                return found + equal
        return found or self._equal(text)

    @staticmethod
    def _ends_indent(rest: bytes, size: int) -> bool:
        """Return whether a token with this behind the ``size`` blanks leaves them what they are."""
        return not rest.startswith(_BLANKS) if rest else size == 1

    def _beginning_with(self, text: bytes) -> tuple[int, int]:
        return bisect_left(self._bytes, text), bisect_left(self._bytes, text + _PAST_EVERY_BYTE)

    def _equal(self, text: bytes) -> list[int]:
        start = end = bisect_left(self._bytes, text)
        while end < len(self._bytes) and self._bytes[end] == text:
            end += 1
        return self._ids[start:end]


class PrefixConstraint:
    """What one sequence still has to spell before it is free. It is told of each token that was chosen."""

    def __init__(
        self, vocabulary: ByteVocabulary, text: bytes, spell: Callable[[int], bytes], words: Sequence[bytes] = ()
    ) -> None:
        """``spell`` gives the bytes of a token; after ``text`` one of ``words`` has to follow, none: anything may."""
        self._vocabulary = vocabulary
        self._left = text
        self._words = tuple(words)
        self._spell = spell

    def allowed(self) -> Sequence[int] | None:
        """Return the tokens to choose from; None where any will do (also where no token could spell the rest)."""
        if not self._left and not self._words:
            return None
        if self._words and len(self._left) <= 1:  # the last blank of an indentation belongs to the word
            return self._vocabulary.spelling_one([self._left + word for word in self._words]) or None
        found = self._vocabulary.spelling(self._left)
        return [token for token in found if not self._words or self._leads_on(self._spell(token))] or None

    def leaves(self, token: int) -> bool:
        """Return whether something is left to spell after a token."""
        found = after(self._left, self._spell(token))
        return bool(found and found[0])

    def take(self, token: int) -> None:
        """Take note of the token that was chosen; one that spells something else ends the constraint."""
        spelling = self._spell(token)
        if self._left:
            found = after(self._left, spelling)
            self._left, spelling = found or (b"", b"")
            self._words = self._words if found else ()
        if spelling:
            self._words = _left_of(self._words, spelling)

    def _leads_on(self, spelling: bytes) -> bool:
        """Return whether a token that is allowed for the text has nothing of another word behind it."""
        found = after(self._left, spelling)
        return bool(found and (not found[1] or any(after(word, found[1]) for word in self._words)))


def _left_of(words: Sequence[bytes], spelling: bytes) -> tuple[bytes, ...]:
    """Return what is left of the words that ``spelling`` begins; nothing where it has one of them whole, or none."""
    if any(spelling.startswith(word) for word in words):
        return ()
    return tuple(word[len(spelling) :] for word in words if word.startswith(spelling))


def after(beginning: bytes, spelling: bytes) -> tuple[bytes, bytes] | None:
    """Return what is left of a beginning once ``spelling`` was written, and what of that goes beyond it.

    None where the two disagree, or nothing was written.
    """
    if not spelling or not (spelling.startswith(beginning) or beginning.startswith(spelling)):
        return None
    return beginning[len(spelling) :], spelling[len(beginning) :]
