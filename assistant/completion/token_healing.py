"""What of the text left of the cursor the model had better write itself: the piece that somebody is in."""

from __future__ import annotations

import re

MOST_BYTES = 16
"""A longer piece stays in the prompt: somebody who wrote so much of a word is hardly in its middle."""
# As tokenizers cut: letters with the one sign or blank before them, digits alone, signs with a blank, or blanks.
_PIECE = re.compile(r"[^\r\n\w]?[^\W\d_]+$|_[^\W\d_]*$|\d$| ?[^\s\w]+$|[ \t]+$")


def take_back(prefix: str) -> tuple[str, str]:
    """Return ``prefix`` without its last piece, and that piece, which the answer then has to begin with.

    The whole indentation of a line that is otherwise empty counts as one piece, however long. Where nothing is better
    taken back the piece is empty.
    """
    line = prefix[prefix.rfind("\n") + 1 :]
    if line and not line.strip(" \t"):
        return prefix[: len(prefix) - len(line)], line
    found = _PIECE.search(line[-MOST_BYTES - 1 :])
    if found is None or len(found[0].encode()) > MOST_BYTES:
        return prefix, ""
    return prefix[: len(prefix) - len(found[0])], found[0]
