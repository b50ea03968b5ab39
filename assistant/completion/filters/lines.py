"""Where a suggestion ends, judged line by line while the model writes it: scope, statement, and lines of nothing."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.completion.brackets import open_brackets
from assistant.completion.filters.draft import Hole
from assistant.completion.shape import indent_width
from assistant.completion.statements import (
    closes_open,
    goes_on,
    is_closing,
    is_whole,
    may_be_parted,
    opens_block,
    record_of,
    standing,
)
from assistant.languages import first_word

_EMPTY_COMMENTS = frozenset({"#", "//", "--", "///"})


def blank_lines(_hole: Hole, kept: Sequence[str], line: str) -> bool:
    """Return whether this is the second empty line in a row: enough of a suggestion that has begun."""
    return not line.strip() and len(kept) > 1 and not kept[-1].strip()


def empty_comment(_hole: Hole, kept: Sequence[str], line: str) -> bool:
    """Return whether this is a comment that says nothing: there models lose their thread."""
    return bool(kept) and line.strip() in _EMPTY_COMMENTS


def leaves_block(hole: Hole, kept: Sequence[str], line: str) -> bool:
    """Return whether the line is less indented than the block of the cursor: it belongs to something else.

    What ends the block belongs to it, where nothing below does; behind that nothing does but what ends another.
    """
    bare = line.strip()
    if not kept or not bare:
        return False
    indent, block = indent_width(line), _block_indent(hole, kept)
    closes = is_closing(line, hole.syntax)
    if indent < block:
        return not closes or not closes_open(hole.syntax, _text(hole, [*kept, line]))
    if _has_left(hole, kept, block):
        return not closes
    return hole.shape.opens_block and indent == block and not goes_on(bare, hole.syntax)


def next_statement(hole: Hole, kept: Sequence[str], line: str) -> bool:
    """Return whether one statement was asked for and the line begins the next."""
    bare = line.strip()
    first = _first(kept)
    if hole.shape.extent != "statement" or not bare or first is None:
        return False
    record = record_of(hole.syntax)
    if indent_width(line) > indent_width(first) or record.blocks.paragraphs or _is_open_clause(hole, first):
        return False
    if not is_whole(hole.syntax, _text(hole, kept)) and not is_part_of_below(hole, kept):
        return False
    another = first_word(bare) in record.blocks.clauses and first_word(bare) == first_word(first)
    return another or not goes_on(bare, hole.syntax)


def ends_line(hole: Hole, kept: Sequence[str]) -> bool:
    """Return whether one line was asked for and is there; an open bracket goes on below, where nothing stands right.

    So does what is half of an expression, and the body of what the cursor's line is the head of.
    """
    text = _text(hole, kept)
    if not hole.shape.single_line or not text.strip():
        return False
    if hole.syntax.line_suffix.strip() or hole.syntax.in_text:
        return True
    if open_brackets(text, hole.syntax.language) or kept[-1].endswith("\\"):
        return False
    if record_of(hole.syntax).blocks.is_head(hole.syntax.line.strip()) and text.startswith("\n"):
        return is_closing(kept[-1], hole.syntax) and indent_width(kept[-1]) <= hole.shape.indent
    found = standing(hole.syntax, text)
    return found is None or found.crosses is None


def ends_statement(hole: Hole, kept: Sequence[str]) -> bool:
    """Return whether one statement was asked for and is whole, whatever stands on the next line.

    Where only that tells whether the statement goes on it is waited for: in a body that nothing ends but its
    indentation, before a further part of the statement, in a chain, and where no grammar is known.
    """
    syntax, first = hole.syntax, _first(kept)
    if hole.shape.extent != "statement" or first is None or not kept[-1].strip():
        return False
    if is_closing(first, syntax):
        return True
    record = record_of(syntax)
    last = kept[-1].rstrip()
    blocks = record.blocks
    if blocks.paragraphs or blocks.by_depth or not (syntax.tree or blocks.terminator):
        return False
    if not is_whole(syntax, _text(hole, kept)) or (blocks.chains and not last.endswith((";", "}"))):
        return False
    if first is kept[-1]:
        return not may_be_parted(first, syntax) and not _is_open_clause(hole, first)
    # Below its first line a statement ends with the line that makes it whole.
    ends = not is_whole(syntax, _text(hole, kept[:-1])) and not may_be_parted(first, syntax)
    begins_body = record.colon_blocks or opens_block(first.strip(), record)
    return ends and (not begins_body or indent_width(last) <= indent_width(first) or _is_in_brackets(hole, kept))


def _is_in_brackets(hole: Hole, kept: Sequence[str]) -> bool:
    """Return whether all lines but the first stand in a bracket that the first opens."""
    begin = next(number for number, line in enumerate(kept, 1) if line.strip())
    return all(open_brackets(_text(hole, kept[:end]), hole.syntax.language) for end in range(begin, len(kept)))


def _is_open_clause(hole: Hole, first: str) -> bool:
    """Return whether a statement begins as a further part of one above whose end stands below: all up to that is its.

    A directive (``#else``) is not told from what it holds by its depth.
    """
    below = next(iter(hole.syntax.below), "")
    word = first_word(first)
    return word.startswith("#") and word in record_of(hole.syntax).blocks.clauses and is_closing(below, hole.syntax)


def body_stands_below(hole: Hole, kept: Sequence[str]) -> bool:
    """Return whether the suggestion just wrote the header of a block whose body is already in the file.

    An expression of which more parts stand below is none: there may be others before them.
    """
    return bool(_text(hole, kept).strip()) and head_of_below(hole, kept) and not is_part_of_below(hole, kept)


def leaves_part(hole: Hole, kept: Sequence[str], line: str) -> bool:
    """Return whether the line ends an expression of which more parts stand below: they would hang in the air."""
    begin = next((number for number, each in enumerate(kept, 1) if each.strip()), 0)
    if not begin or not is_part_of_below(hole, kept[:begin]):
        return False
    text = _text(hole, [*kept, line])
    first, now = (standing(hole.syntax, each) for each in (_text(hole, kept[:begin]), text))
    is_worse = first is not None and now is not None and now.errors > first.errors
    return is_worse and not open_brackets(text, hole.syntax.language)


def is_part_of_below(hole: Hole, kept: Sequence[str]) -> bool:
    """Return whether what these lines end with goes on below, deeper, with the next part of an expression."""
    text, below = _text(hole, kept), indent_width(next(iter(hole.syntax.below), ""))
    if not text.strip() or not any(indent_width(line) < below for line in kept if line.strip()):
        return False
    found = standing(hole.syntax, text)
    if found is None or found.crosses is None or found.errors > (hole.syntax.errors or 0):
        return False
    if not found.joins and open_brackets(text, hole.syntax.language)[-1:] not in ("(", "["):
        return False
    start = len(hole.syntax.line) + len(text.encode("utf-8", "replace")[: found.crosses].decode("utf-8", "ignore"))
    row = "\n".join(kept).count("\n", 0, start)
    return below > indent_width("\n".join(kept).split("\n")[row])


def head_of_below(hole: Hole, kept: Sequence[str]) -> bool:
    """Return whether the last of these lines begins a block, and what stands below is its body: deeper, or in braces.

    That is no body where the line brings an error: then what it opens has no end below.
    """
    syntax, text, last = hole.syntax, _text(hole, kept), kept[-1].strip()
    below = next(iter(syntax.below), "")
    deeper = indent_width(below) - indent_width(kept[-1])
    if deeper < 0 or (deeper == 0 and not below.lstrip().startswith("{")):
        return False  # as with most lines: the tree is not asked
    found = standing(syntax, text)
    if found is not None and found.errors > (syntax.errors or 0):
        return False
    crosses = found is not None and found.crosses is not None
    if crosses and below.lstrip().startswith("{"):
        return True
    record = record_of(syntax)
    begins = crosses or (opens_block(last, record) and not last.endswith(("(", "["))) or record.blocks.is_head(last)
    return begins and deeper > 0


def _block_indent(hole: Hole, kept: Sequence[str]) -> int:
    """Return the indentation of the block; on an empty line only what is written first says which block it is."""
    if hole.syntax.line:
        return hole.shape.indent
    return next((indent_width(line) for line in kept if line.strip()), 0)


def _has_left(hole: Hole, kept: Sequence[str], block: int) -> bool:
    """Return whether what was written ended the block of the cursor: by a line less deep, or with all that it is.

    Asked for, it goes on behind an empty line.
    """
    last = kept[-1]
    written = [line for line in kept if line.strip()]
    closes = not hole.syntax.line.strip() and all(is_closing(line, hole.syntax) for line in written)
    if written and closes and (hole.auto or kept[-1:] == written):
        return True
    return bool(last.strip()) and indent_width(last) < block


def _first(kept: Sequence[str]) -> str | None:
    """Return the first line that is not empty."""
    return next((line for line in kept if line.strip()), None)


def _text(hole: Hole, kept: Sequence[str]) -> str:
    return "\n".join(kept)[len(hole.syntax.line) :]
