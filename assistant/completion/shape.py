"""One line or many, decided from the text on both sides of the cursor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# What may stand right of the cursor without making it the middle of a line: closing brackets, quotes, punctuation.
_CLOSERS = ")]}>\"'`;:, \t"
_OPENERS = (":", "{", "(", "[", "=>", "->", "do", "then", "begin")

SINGLE_LINE_TOKENS = 48
MULTI_LINE_TOKENS = 96
MANUAL_TOKENS = 256


@dataclass(frozen=True, slots=True)
class Shape:
    """How long the suggestion may be, and how far the block of the cursor is indented.

    ``indent`` is the width of the indentation of the cursor's line (a tab counts to the next multiple of 8);
    ``opens_block`` says that the text left of the cursor begins a block, so that deeper lines are to follow.
    """

    single_line: bool
    max_tokens: int
    indent: int
    opens_block: bool


def decide_shape(prefix: str, suffix: str, trigger: Literal["auto", "manual"]) -> Shape:
    """Return the shape for a suggestion between ``prefix`` and ``suffix``.

    Unasked, a suggestion in the middle of a statement ends with its line; on an empty line, or after
    something that opens a block, it may run on. Asked for, it may always run on, unless text follows on the line.
    """
    line = prefix[prefix.rfind("\n") + 1 :]
    rest = suffix.split("\n", 1)[0]
    left = line.strip()
    opens = left.endswith(_OPENERS)
    follows = bool(rest.strip(_CLOSERS))
    single = follows or (trigger == "auto" and bool(left) and not opens)
    many = MANUAL_TOKENS if trigger == "manual" else MULTI_LINE_TOKENS
    return Shape(single, SINGLE_LINE_TOKENS if single else many, indent_width(line), opens)


def indent_width(line: str) -> int:
    """Return the width of a line's leading blanks; a tab reaches to the next multiple of 8."""
    blanks = line[: len(line) - len(line.lstrip(" \t"))]
    return len(blanks.expandtabs(8))
