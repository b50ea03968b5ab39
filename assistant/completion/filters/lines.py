"""Where a suggestion ends, judged line by line while the model writes it: scope, statement, and lines of nothing."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.completion.brackets import open_brackets
from assistant.completion.filters.draft import Hole
from assistant.completion.shape import indent_width

_CLOSING = (")", "]", "}")
_CONTINUES = (
    "else",
    "elif",
    "except",
    "finally",
    "catch",
    "case",
    "when",
    "rescue",
    "ensure",
    "end",
    "fi",
    "done",
    "esac",
)
_HEADER_ENDS = (":", "{")
_EMPTY_COMMENTS = frozenset({"#", "//", "/*", "*/", "--", "///", "/**"})


def blank_lines(_hole: Hole, kept: Sequence[str], line: str) -> bool:
    """Return whether this is the second empty line in a row: enough of a suggestion that has begun."""
    return not line.strip() and len(kept) > 1 and not kept[-1].strip()


def empty_comment(_hole: Hole, kept: Sequence[str], line: str) -> bool:
    """Return whether this is a comment that says nothing: there models lose their thread."""
    return bool(kept) and line.strip() in _EMPTY_COMMENTS


def leaves_block(hole: Hole, kept: Sequence[str], line: str) -> bool:
    """Return whether the line is less indented than the block of the cursor: it belongs to something else."""
    bare = line.strip()
    if not kept or not bare:
        return False
    indent, block = indent_width(line), _block_indent(hole, kept)
    belongs = bare.startswith((*_CLOSING, *_CONTINUES))
    return indent < block or (hole.shape.opens_block and indent == block and not belongs)


def next_statement(hole: Hole, kept: Sequence[str], line: str) -> bool:
    """Return whether one statement was asked for and the line begins the next."""
    bare = line.strip()
    first = _first_of_statement(kept)
    if hole.shape.extent != "statement" or not bare or first is None or open_brackets(_text(hole, kept), _lang(hole)):
        return False
    return indent_width(line) <= indent_width(first) and not bare.startswith((*_CLOSING, *_CONTINUES))


def ends_line(hole: Hole, kept: Sequence[str]) -> bool:
    """Return whether one line was asked for and is there; an open bracket goes on below, where nothing stands right."""
    if not hole.shape.single_line or not _text(hole, kept).strip():
        return False
    return (
        bool(hole.syntax.line_suffix.strip())
        or not open_brackets(_text(hole, kept), _lang(hole))
        or hole.syntax.in_text
    )


def ends_statement(hole: Hole, kept: Sequence[str]) -> bool:
    """Return whether one statement was asked for and is whole: no body follows, no bracket is open."""
    first = _first_of_statement(kept)
    if hole.shape.extent != "statement" or first is None or open_brackets(_text(hole, kept), _lang(hole)):
        return False
    # The header ends with its first line, or with the one that closes the last bracket opened in it.
    in_header = first is kept[-1] or open_brackets("\n".join(kept[:-1]), _lang(hole))
    return bool(in_header) and not kept[-1].rstrip().endswith(_HEADER_ENDS)


def body_stands_below(hole: Hole, kept: Sequence[str]) -> bool:
    """Return whether the suggestion just wrote the header of a block whose body is already in the file."""
    below = next(iter(hole.syntax.below), "")
    written = _text(hole, kept).strip()
    return bool(written) and kept[-1].rstrip().endswith(_HEADER_ENDS) and indent_width(below) > indent_width(kept[-1])


def _block_indent(hole: Hole, kept: Sequence[str]) -> int:
    """Return the indentation of the block; on an empty line only what is written first says which block it is."""
    if hole.syntax.line:
        return hole.shape.indent
    return next((indent_width(line) for line in kept if line.strip()), 0)


def _first_of_statement(kept: Sequence[str]) -> str | None:
    """Return the first line that is neither empty nor a comment or decorator on what follows."""
    return next((line for line in kept if line.strip() and not line.strip().startswith(("#", "//", "@"))), None)


def _text(hole: Hole, kept: Sequence[str]) -> str:
    return "\n".join(kept)[len(hole.syntax.line) :]


def _lang(hole: Hole) -> str | None:
    return hole.syntax.language
