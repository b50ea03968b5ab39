"""The header of a block that is missing above its body: where one is, and with which words it may begin."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.completion.brackets import brackets_of
from assistant.completion.indentation import Place, blanks_of, depth_of, sure_indentation
from assistant.completion.syntax import WINDOW_CHARS

_ANYWHERE = ("if ", "if(", "for ", "while ", "while(", "with ", "try:", "def ", "class ", "async ", "match ")
_CASE = ("case ",)
_AFTER = {
    "if": ("elif ", "elif(", "else:"),
    "elif": ("elif ", "elif(", "else:"),
    "for": ("else:",),
    "while": ("else:",),
    "try": ("except", "finally:"),
    "except": ("except", "else:", "finally:"),
}
_WORD = re.compile(r"\w*")


@dataclass(frozen=True, slots=True)
class BlockHeader:
    """How a line has to begin: its blanks, and one of the words behind them."""

    blanks: str
    words: tuple[str, ...]


def missing_header(place: Place | None, after: str) -> BlockHeader | None:
    """Return how the cursor's line has to begin where the one below is deeper than any statement there could be."""
    blanks = (place and place.given) or sure_indentation(place)
    if place is None or blanks is None or depth_of(place.below) <= depth_of(blanks) or _closes(after):
        return None
    return BlockHeader(blanks, _words(place.lines, blanks))


def header_instead(place: Place | None, after: str, line: str) -> BlockHeader | None:
    """Return the header that the line below lacks if ``line`` ended the block that it seems to be in.

    None where it does not: the line is as deep as the one below, a header itself, or where a person indented it.
    """
    if place is None or place.given or not line.strip() or line.rstrip().endswith(":") or _closes(after):
        return None
    blanks = blanks_of(place.below)
    if depth_of(line) >= depth_of(place.below) or not blanks.endswith(place.step):
        return None
    outer = blanks.removesuffix(place.step)
    return BlockHeader(outer, _words(place.lines, outer))


def _words(lines: Sequence[str], blanks: str) -> tuple[str, ...]:
    """Return with what a header may begin at this depth: clauses go on with the block that stands there."""
    for line in reversed(lines):
        if depth_of(line) > depth_of(blanks):
            continue
        found = _WORD.match(line.lstrip())
        word, beside = found[0] if found else "", blanks_of(line) == blanks
        if line.rstrip().endswith(":") and word == ("case" if beside else "match"):
            return _CASE
        return (*_ANYWHERE, *(_AFTER.get(word, ()) if beside else ()))
    return _ANYWHERE


def _closes(after: str) -> bool:
    """Return whether a bracket is closed below that is opened nowhere: what is missing opens it."""
    depth = 0
    for _, bracket in brackets_of(after[:WINDOW_CHARS], "python"):
        depth += 1 if bracket in "([{" else -1
        if depth < 0:
            return True
    return False
