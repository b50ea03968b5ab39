"""How a suggestion is taken in parts: the next word, the next line, or what typing has already taken."""

from __future__ import annotations

import re

# Leading white space goes with the word; a line break goes alone with the next line's indentation, so
# that one press never takes a word from a line that the person has not reached. Otherwise a word is a run of
# letters, digits and underscores, or a run of other characters.
_WORD = re.compile(r"\n[^\S\n]*|[^\S\n]*(?:\w+|[^\w\s]+)|[^\S\n]+")


def first_word(text: str) -> str:
    """Return the part of a suggestion that taking one word takes; empty only for an empty suggestion."""
    match = _WORD.match(text)
    return match.group() if match else text[:1]


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
