"""Repetition of what stands below the cursor: the unit that begins there, not only its first line."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tree_sitter import Node

from assistant.completion.filters.draft import Hole
from assistant.completion.shape import indent_width
from assistant.completion.syntax import BELOW_LINES, WINDOW_CHARS, Syntax, node_below
from assistant.languages import language_named

_TELLING, _FURTHER = 16, 20
"""Letters and digits that two lines, or one further below, have at least to be recognised: no ``return False``."""
_LOOSE = str.maketrans("", "", " \t'\"`,;")
_WORDS = re.compile(r"\w+")
_CLOSING = re.compile(r"[)\]}>]|</|end\b|fi\b|done\b|esac\b")
# A clause of the statement above, or a case by its label: there can be no second one that begins alike.
_CLAUSE = re.compile(r"clause|case|when|else|rescue|ensure|_arm|label|default")
# Nodes that stand before what they belong to, as its siblings.
_BEFORE_UNIT = re.compile(r"comment|attribute|annotation|decorator")


@dataclass(frozen=True, slots=True)
class UnitBelow:
    """What begins on the next line below: a function with its decorator, an object, a list item; or one line.

    ``lines`` are the first of its lines that are not empty; ``enough`` of them in a row are a repetition: all, or as
    far as its name, which nothing else bears.
    """

    lines: tuple[str, ...]
    enough: int


def repeats_below(hole: Hole, kept: Sequence[str], line: str) -> bool:
    """Return whether the line is one too many: with it, or before it, the suggestion says what stands below already.

    That is so where the lines since some place are those of the unit below. Further below a line has to be telling, or
    the second of two lines that have the words of those two. In a block that the suggestion begins itself anything may
    stand that stands in a like block below.
    """
    below = hole.syntax.below
    if not line.strip() or not below:
        return False
    start = begins_unit_below(hole, (*kept, line))
    if start is not None:
        return sum(bool(each.strip()) for each in (*kept[start:], line)) >= unit_below(hole.syntax).enough
    if _is_inside(hole, kept, line):
        return False
    loose = _loose(line)
    # What is less deep ends the block that goes on below: lines behind that are of another.
    indent = indent_width(below[0])
    below = tuple(itertools.takewhile(lambda other: indent_width(other) >= indent, below))
    if _letters(line) >= _FURTHER and any(loose == _loose(other) for other in below[1:3]):
        return True
    own = kept[1:] if kept and kept[0] == hole.syntax.line else kept
    last = next((each for each in reversed(own) if each.strip()), None)
    if last is None or _letters(last) + _letters(line) < _TELLING or _is_inside(hole, kept, last):
        return False
    pair = _words(last, line)
    return any(pair == _words(first, second) for first, second in itertools.pairwise(below))


def begins_unit_below(hole: Hole, lines: Sequence[str]) -> int | None:
    """Return the number of the line since which these are the first lines of the unit below; None where none are.

    Lines as they would stand in the file, of which the first begins with what is left of the cursor.
    """
    last = (number for number in reversed(range(len(lines))) if lines[number].strip())
    filled = [*itertools.islice(last, BELOW_LINES)][::-1]
    for place, first in enumerate(filled):
        typed = first == 0 and lines[0] == hole.syntax.line
        if typed or not _is_first_below(hole, lines[:first], lines[first]):
            continue
        unit = unit_below(hole.syntax).lines
        since = [lines[number] for number in filled[place:]]
        if len(since) <= len(unit) and all(map(_same_loosely, since[1:], unit[1:])):
            return first
    return None


def may_repeat_below(hole: Hole, kept: Sequence[str], partial: str) -> int | None:
    """Return since which line what is written may yet become the unit below, the line that is being written included.

    None where it cannot. The number of that last line is ``len(kept)``.
    """
    start = begins_unit_below(hole, kept)
    if start is not None:
        unit = unit_below(hole.syntax).lines
        agreed = sum(bool(line.strip()) for line in kept[start:])
        if not partial.strip() or _loose("".join(unit[agreed : agreed + 1])).startswith(_loose(partial)):
            return start
    below = next(iter(hole.syntax.below), "").strip()
    return len(kept) if partial.strip() and below.startswith(partial.strip()) else None


def same_line(line: str, below: str, ends: Sequence[str] = ()) -> bool:
    """Return whether two lines are the same; what only ends a block, only where they are indented alike.

    That is a line of brackets alone, or of one of the words in ``ends``.
    """
    bare = line.strip()
    if bare != below.strip():
        return False
    tells = bare not in ends and any(letter.isalnum() for letter in bare)
    return tells or indent_width(line) == indent_width(below)


@functools.lru_cache(maxsize=4)
def unit_below(syntax: Syntax) -> UnitBelow:
    """Return the unit that begins on the next line below that is not empty; there has to be one.

    By the tree, and by the indentation where there is none or it has errors there.
    """
    lines = syntax.after[:WINDOW_CHARS].split("\n")[1:]
    rows = [row for row, line in enumerate(lines) if line.strip()]
    end, named = _end_by_indentation(lines, rows), -1
    node = node_below(syntax)
    if node is not None:
        last = _with_what_follows(node)
        if _CLAUSE.search(node.type):
            named = rows[0]
        else:
            end = max(end, rows[0] + _last_row(last) - node.start_point.row)
            named = _named_row(last, node, rows[0])
    own = [row for row in rows if row <= end][:BELOW_LINES]
    enough = sum(row <= named for row in own) or len(own)
    return UnitBelow(tuple(lines[row] for row in own), enough)


def _end_by_indentation(lines: Sequence[str], rows: Sequence[int]) -> int:
    """Return the row of the last line that is deeper than the first, or closes what that opens."""
    indent, end = indent_width(lines[rows[0]]), rows[0]
    for row in rows[1:]:
        deeper = indent_width(lines[row]) > indent
        if not deeper and (
            end == rows[0] or indent_width(lines[row]) < indent or not _CLOSING.match(lines[row].strip())
        ):
            break
        end = row
        if not deeper:
            break
    return end


def _last_row(node: Node) -> int:
    """Return the row in which a node ends; one that ends with its line does not reach into the next."""
    row, column = node.end_point
    return row if column or row == node.start_point.row else row - 1


def _with_what_follows(node: Node) -> Node:
    """Return what comments and attributes at the beginning of a unit belong to."""
    while _BEFORE_UNIT.search(node.type) and (sibling := node.next_named_sibling) is not None:
        node = sibling
    return node


def _named_row(node: Node, first: Node, row: int) -> int:
    """Return the row with the name of what a node defines, ``row`` being that of ``first``; -1: it has none."""
    inner: Node | None = node.child_by_field_name("definition") or node
    while inner is not None:
        name = inner.child_by_field_name("name") or inner.child_by_field_name("key")
        declares = inner.child_by_field_name("declarator")
        if name is None and declares is not None and not declares.named_child_count:
            name = declares
        if name is not None:
            return row + name.start_point.row - first.start_point.row
        inner = declares
    return -1


def _is_first_below(hole: Hole, kept: Sequence[str], line: str) -> bool:
    """Return whether a line is the next one below, and not deeper in a block that the suggestion began itself."""
    below, record = next(iter(hole.syntax.below), ""), language_named(hole.syntax.language)
    return (
        bool(below)
        and same_line(line, below, record.blocks.ends if record else ())
        and (indent_width(line) <= indent_width(below) or not _is_inside(hole, kept, line))
    )


def _is_inside(hole: Hole, kept: Sequence[str], line: str) -> bool:
    """Return whether a line is in a block that the suggestion began: deeper than the first line that is all its own."""
    own = kept if not hole.syntax.line.strip() else kept[1:]
    first = next((each for each in own if each.strip()), None)
    return first is not None and indent_width(line) > indent_width(first)


def _same_loosely(line: str, other: str) -> bool:
    return _loose(line) == _loose(other)


def _words(*lines: str) -> list[str]:
    return [word for line in lines for word in _WORDS.findall(line)]


def _letters(line: str) -> int:
    return sum(letter.isalnum() for letter in line)


def _loose(line: str) -> str:
    """Return a line without blanks, quotes, commas and semicolons: what reformatting may change."""
    return line.translate(_LOOSE)
