"""How a suggestion is taken in parts: the next word, the next line, or what typing has already taken."""

from __future__ import annotations

import re
import unicodedata

# Leading white space goes with the word; a line break goes alone with the next line's indentation, so
# that one press never takes a word from a line that the person has not reached. Otherwise a word is a run of
# letters, digits and underscores, or a run of other characters.
_WORD = re.compile(r"\n[^\S\n]*|[^\S\n]*(?:\w+|[^\w\s]+)|[^\S\n]+")
_LETTERS = re.compile(r"\w+")


def first_word(text: str) -> str:
    """Return the part of a suggestion that taking one word takes; empty only for an empty suggestion."""
    match = _WORD.match(text)
    end = match.end() if match else 1
    # An accent that is a character of its own belongs to the letter before it, and the word goes on behind it.
    while end < len(text) and _is_accent(text[end]):
        accents = end
        while end < len(text) and _is_accent(text[end]):
            end += 1
        if _LETTERS.match(text, accents - 1):
            rest = _LETTERS.match(text, end)
            end = rest.end() if rest else end
    return text[:end]


def _is_accent(letter: str) -> bool:
    return unicodedata.category(letter).startswith("M")


def first_line(text: str) -> str:
    """Return the part that taking one line takes: the line with its break.

    Of a suggestion that begins with line breaks: these and the line after them, so that
    something visible is taken each time.
    """
    breaks = len(text) - len(text.lstrip("\n"))
    end = text.find("\n", breaks)
    if end < 0:
        return text
    return text[:end] if breaks else text[: end + 1]


def typed_through(suggestion: str, typed: str) -> str | None:
    """Return what is left of a suggestion after typing ``typed``, or None where the typing disagrees with it."""
    return suggestion[len(typed) :] if typed and suggestion.startswith(typed) else None
