"""How many tokens a text may have, for servers that do not tell: rather too many than too few."""

from __future__ import annotations

import re

# A word with the blank before it, a run of digits, a run of blanks, a line's end, anything else.
_PIECE = re.compile(r" ?[A-Za-z]+|[0-9]+|[^\S\n]+|\n|[^\x00-\x7F]|.", re.DOTALL)
_WORD_CHARS = 4
_BLANK_CHARS = 8


def estimate_tokens(text: str) -> int:
    """Return a count that vocabularies for code seldom exceed: every four letters, every digit and sign are one."""
    total = 0
    for found in _PIECE.finditer(text):
        piece = found[0]
        first = piece[-1]
        if first.isascii() and first.isalpha():
            total += -(-len(piece.lstrip(" ")) // _WORD_CHARS)
        elif first.isascii() and first.isdigit():
            total += len(piece)
        elif first.isascii() and first.isspace():
            total += -(-len(piece) // _BLANK_CHARS)
        else:
            total += 1 if first.isascii() else 2
    return total
