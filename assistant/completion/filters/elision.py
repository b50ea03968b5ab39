"""The marks of the file in short, which a model may copy with a line of it."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.completion.filters.draft import Hole
from assistant.languages import language_named
from assistant.retrieval.search.outline import elision_marks


def copies_outline(hole: Hole, _kept: Sequence[str], line: str) -> bool:
    """Return whether the line has a mark for what is left out, as lines of the file in short have and it has not.

    Such a line is a copy of what stands elsewhere in the file, with its body left out.
    """
    record = language_named(hole.syntax.language) if hole.syntax.language else None
    if record is None or record.grammar is None:
        return False
    syntax, bare = hole.syntax, line.rstrip(" \t;,)]}")
    found = [mark for mark in elision_marks(record) if bare.endswith(mark)]
    return any(mark not in syntax.before and mark not in syntax.after for mark in found)
