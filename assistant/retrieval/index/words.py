"""The words of code that the index is searched by: identifiers whole, and their snake_case and camelCase parts.

One function for what is indexed and for what is asked, so that both speak of the same words.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

# Numbers are dropped by looking for identifiers only; 0xff is none.
_IDENTIFIER = re.compile(r"(?<!\w)[^\W\d]\w*")
# HTTPServer2 -> HTTP, Server, 2: a run of capitals keeps its last letter for the word that follows.
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\WA-Z\d_]+|[A-Z]|[^\W\d_]+")
_LONGEST = 64
_SHORTEST = 2

# Keywords and fillers of the parsed languages: they are nearly everywhere, so they tell no two chunks apart.
_FILLERS = """
a abstract an and any are args array as assert async at auto await be bool boolean break by byte case catch char
class const continue dart def default del delete do does double each elif else elseif end endif enum except export
extends false final finally float fn for foreach from func function get global go goto has have if impl implements
import in include init instanceof int integer interface into is isinstance it its lambda len let list long loop
main map match mod module mut namespace new nil none nonlocal not null number object of on one operator option or
out override package pass print private protected pub public raise range ref require return returns self set short
should sizeof static std str string struct super switch template that the them then this throw throws to true try
tuple type typedef typename typeof undefined union unsigned use using val value var virtual void was when where
which while will with without yield you
"""
COMMON = frozenset(_FILLERS.split())


@functools.lru_cache(maxsize=1 << 17)
def words_of_identifier(identifier: str) -> tuple[str, ...]:
    """Return the words of one identifier, lower case: itself, then its parts where it has several."""
    whole = identifier.lower().strip("_")
    if len(whole) > _LONGEST:
        return ()
    parts = [part.lower() for part in _PART.findall(identifier)]
    named = (whole,) if len(whole) >= _SHORTEST and whole not in COMMON else ()
    if len(parts) < 2:
        return named
    return (*named, *(part for part in parts if len(part) >= _SHORTEST and part not in COMMON))


def words_of(text: str) -> list[str]:
    """Return the words of ``text`` in reading order, with repetitions.

    Identifiers are given whole and in parts, in lower case: ``readHTTPHeader`` gives ``readhttpheader``, ``read``,
    ``http``, ``header``. Numbers, one-letter names and words that are in nearly every file are left out.
    """
    found: list[str] = []
    for identifier in _IDENTIFIER.findall(text):
        found += words_of_identifier(identifier)
    return found


def distinct_words(texts: Iterable[str]) -> list[str]:
    """Return each word of the texts once, in the order of first use."""
    return list(dict.fromkeys(word for text in texts for word in words_of(text)))
