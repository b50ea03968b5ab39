"""What the text around the cursor speaks of: its names, the nearest first, and its words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.retrieval.index.words import words_of
from assistant.retrieval.search.window import Window

LINES_BEFORE = 16
LINES_AFTER = 4
# A near-copy is measured against a block as long as a chunk is.
_BLOCK_BEFORE = 32
_BLOCK_AFTER = 12
_MOST_NAMES = 24
_LONGEST_LINE = 400
NAME = re.compile(r"[^\W\d]\w+")
_UNFINISHED = re.compile(r"\w+\Z")


@dataclass(frozen=True, slots=True)
class Query:
    """``names`` are identifiers, the nearest to the cursor first; ``words`` their parts and other words, each once.

    ``block`` is the text around the cursor that a near-copy would repeat.
    """

    names: tuple[str, ...]
    words: tuple[str, ...]
    block: str


def read_query(window: Window) -> Query:
    """Return what the text around the window's cursor speaks of.

    A name that is being typed at the cursor says nothing yet; without it the answer stays the same from key to key.
    """
    *above, left = window.prefix.split("\n")
    before = [line[:_LONGEST_LINE] for line in (*above, _UNFINISHED.sub("", left[-_LONGEST_LINE:]))]
    after = [line[:_LONGEST_LINE] for line in window.suffix.split("\n")]
    lines = [*before[: -LINES_BEFORE - 1 : -1], *after[:LINES_AFTER]]
    names = dict.fromkeys(name for line in lines for name in reversed(NAME.findall(line)))
    return Query(
        names=tuple(names)[:_MOST_NAMES],
        words=tuple(dict.fromkeys(word for line in lines for word in words_of(line))),
        block="\n".join([*before[-_BLOCK_BEFORE:], *after[:_BLOCK_AFTER]]),
    )
