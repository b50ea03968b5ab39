"""Whose code a file says it is: a header that names another licence, or another owner, than the repository's own.

Only what is plain counts, for a wrong guess would take a person's own code away. A licence counts where the header
names it by its SPDX name or by the words that its text is known for, and the repository's own licence is known and is
another one. An owner counts where the header has a licence's words too, the repository's LICENSE names its owners, and
neither that file nor at least three files of the repository name this one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_HEAD = 2500
_SPDX = re.compile(r"SPDX-License-Identifier:\s*([^\r\n*#]{1,120})")
# The first that fits names the licence: those that quote another's words come first.
_WORDS: tuple[tuple[str, str], ...] = (
    ("agpl", r"GNU AFFERO GENERAL PUBLIC LICENSE"),
    ("lgpl", r"GNU (?:LESSER|LIBRARY) GENERAL PUBLIC LICENSE"),
    ("gpl", r"GNU GENERAL PUBLIC LICENSE"),
    ("mpl", r"MOZILLA PUBLIC LICENSE"),
    ("epl", r"ECLIPSE PUBLIC LICENSE"),
    ("apache", r"APACHE LICENSE"),
    ("bsd", r"REDISTRIBUTION AND USE IN SOURCE AND BINARY FORMS|BSD LICENSE"),
    ("mit", r"PERMISSION IS HEREBY GRANTED, FREE OF CHARGE|MIT LICENSE"),
)
_KNOWN = re.compile(r"(?i)\b(agpl|lgpl|gpl|mpl|epl|apache|bsd|mit)\b")
_OWNER = re.compile(
    r"(?i)copyright\s+(?:\(c\)|©|&copy;)?\s*((?:\d{4}[\d\s,–-]*(?:present)?)?)\s*,?\s*(?:by\s+)?([^\r\n]{3,80})"
)
_RIGHTS = re.compile(r"(?i)licen[sc]e|all rights reserved|redistribution")
_LICENCE_FILES = re.compile(r"(?i)^(?:licen[sc]e|copying|unlicense)(?:[.-][\w.-]*)?$")
_FILES_OF_AN_OWNER = 3
_NOISE = re.compile(
    r"(?i)\b(?:all rights reserved|the|and|inc|llc|ltd|gmbh|contributors?|authors?|others|et al|developers?)\b|[^\w\s]"
)


@dataclass(frozen=True, slots=True)
class Own:
    """What the repository says of itself: its licences (by short names) and its owners; empty where it says nothing."""

    licences: frozenset[str]
    owners: frozenset[str]
    named: bool
    """Whether a LICENSE file names owners."""


def is_licence_file(path: str) -> bool:
    """Return whether a file at the repository's top gives its licence."""
    return bool(_LICENCE_FILES.match(path))


def read_own(licences: Iterable[str], sources: Iterable[str]) -> Own:
    """Return what the repository's LICENSE files, and the headers of its source files, say."""
    texts = list(licences)
    own = {owner for text in texts for owner in _owners(text)}
    counts = Counter(owner for text in sources for owner in _owners(_header(text)))
    common = {owner for owner, count in counts.items() if count >= _FILES_OF_AN_OWNER}
    named = frozenset(name for text in texts for name in _licences(text))
    return Own(named, frozenset(own | common), bool(own))


def foreign(text: str, own: Own) -> str | None:
    """Return, in words for a person, what a file's header says that is not the repository's; None for its own."""
    header = _header(text)
    said = _licences(header)
    if own.licences and said and said.isdisjoint(own.licences):
        return f"its header names {_spoken(said)}, the repository's licence is {_spoken(own.licences)}"
    owners = _owners(header)
    if own.named and owners and _RIGHTS.search(header) and not any(_is_known(owner, own.owners) for owner in owners):
        return "its header names other owners than the repository's LICENSE"
    return None


def _header(text: str) -> str:
    """Return the comment that a file begins with: what is no code, so that a program about licences has none."""
    kept: list[str] = []
    inside = ""
    for line in text[:_HEAD].split("\n"):
        bare = line.strip()
        if inside:
            kept.append(line)
            inside = "" if inside in bare else inside
        elif opening := next((each for each in _BLOCKS if bare.startswith(each)), None):
            kept.append(line)
            inside = "" if _BLOCKS[opening] in bare[len(opening) :] else _BLOCKS[opening]
        elif not bare or bare.startswith(("#", "//", "--", ";", "%", "*", "<?php", "'")):
            kept.append(line)
        else:
            break
    return "\n".join(kept)


_BLOCKS: Mapping[str, str] = {"/*": "*/", '"""': '"""', "'''": "'''", "<!--": "-->", "=begin": "=end"}


def _licences(text: str) -> frozenset[str]:
    """Return the licences that a text names, by short names; those of a choice (A or B) are all there."""
    if found := _SPDX.search(text):
        return frozenset(name.lower() for name in _KNOWN.findall(found[1]))
    plain = re.sub(r"[\s*#/]+", " ", text).upper()
    first = next((name for name, words in _WORDS if re.search(words, plain)), None)
    return frozenset() if first is None else frozenset((first,))


def _owners(text: str) -> frozenset[str]:
    found = (_NOISE.sub(" ", re.split(r"(?i)\ball rights|[<(]|\bSPDX", match[2])[0]) for match in _OWNER.finditer(text))
    names = (" ".join(name.lower().split()) for name in found)
    return frozenset(
        name for name in names if len(name) >= 3 and not re.search(r"\b(?:notice|holder|owner|law|license)", name)
    )


def _is_known(owner: str, own: frozenset[str]) -> bool:
    """Return whether an owner is one of the repository's, perhaps by more or fewer words."""
    words = set(owner.split())
    return any(words <= set(other.split()) or words >= set(other.split()) for other in own)


def _spoken(names: frozenset[str]) -> str:
    return " or ".join(sorted(name.upper() if name != "apache" else "Apache" for name in names))
