"""One line, one statement or a whole block: decided from the syntax at the cursor and the lines around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from assistant.completion.syntax import Syntax
from assistant.languages import Blocks, language_named

# What may stand right of the cursor without making it the middle of a line: closing brackets, quotes, punctuation.
_CLOSERS = ")]}>\"'`;:, \t"

Extent = Literal["line", "statement", "block"]

LINE_TOKENS = 48
AUTO_TOKENS = 96
MANUAL_TOKENS = 256


@dataclass(frozen=True, slots=True)
class Shape:
    """How far the suggestion may go, and how deep the block of the cursor is indented.

    ``line``: to the end of the line; ``statement``: one statement with its body; ``block``: all that belongs to the
    block. ``indent`` is the width of the indentation of the cursor's line (a tab counts to the next multiple of 8);
    ``opens_block`` says that the text left of the cursor begins a block, so that deeper lines are to follow.
    """

    extent: Extent
    max_tokens: int
    indent: int
    opens_block: bool

    @property
    def single_line(self) -> bool:
        """Whether it ends with its line."""
        return self.extent == "line"


def decide_shape(syntax: Syntax, trigger: Literal["auto", "manual"]) -> Shape:
    """Return the shape for a suggestion at a cursor.

    Unasked, a suggestion in the middle of a statement, of a comment or of a text ends with its line; one on an
    empty line with code of the same block below is one statement; in an empty block, at the end of one and after what
    opens one it may run on. Asked for, it may always run on, unless text follows on the line.
    """
    line = syntax.line
    left = line.strip()
    opens = blocks_of(syntax).begins_block(left) and not syntax.in_text
    indent = indent_width(line)
    if syntax.line_suffix.strip(_CLOSERS):
        extent: Extent = "line"
    elif trigger == "manual" or opens:
        extent = "block"
    elif left or syntax.in_text:
        extent = "line"
    else:
        extent = "statement" if _block_goes_on(line, syntax) else "block"
    most = MANUAL_TOKENS if trigger == "manual" else AUTO_TOKENS
    return Shape(extent, LINE_TOKENS if extent == "line" else most, indent, opens)


def blocks_of(syntax: Syntax) -> Blocks:
    """Return how blocks are written in the cursor's language, or in one that nobody knows."""
    record = language_named(syntax.language)
    return record.blocks if record else Blocks()


def indent_width(line: str) -> int:
    """Return the width of a line's leading blanks; a tab reaches to the next multiple of 8."""
    blanks = line[: len(line) - len(line.lstrip(" \t"))]
    return len(blanks.expandtabs(8))


def _block_goes_on(line: str, syntax: Syntax) -> bool:
    """Return whether the next line below belongs to the block of the empty line of the cursor.

    A line that only closes something ends the block; an ``else`` goes on with the statement above, not with it.
    """
    below = next(iter(syntax.below), "")
    bare = below.strip()
    return bool(bare.strip(_CLOSERS)) and indent_width(below) >= indent_width(line)
