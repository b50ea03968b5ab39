"""The words of code: identifiers whole and in parts, for the index and for what is asked of it."""

from __future__ import annotations

import re

_NAME = re.compile(r"[^\W\d]\w*")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_COMMON = frozenset(["self", "the", "def", "return", "import", "from", "if", "else", "for", "in", "is", "not", "and"])


def words(text: str) -> list[str]:
    """Return the words of a text in order, lower-cased: each identifier, then its snake and camel parts."""
    found: list[str] = []
    for name in _NAME.findall(text):
        parts = [part.lower() for part in _PART.findall(name)]
        found += [word for word in dict.fromkeys((name.lower(), *parts)) if len(word) > 1 and word not in _COMMON]
    return found
