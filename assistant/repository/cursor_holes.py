"""Where a cursor may stand in a file: holes of seven kinds, found by the syntax tree, for measuring in any language.

Unlike the spans of ``spans.py``, which people would type in one go, these are the places where a suggestion goes wrong:
what only closes, one of several like things, and what has text right of it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from tree_sitter import Node, Tree

from assistant.repository.parsing import parse_within
from assistant.repository.spans import all_nodes, character_places, code_language, is_text

HoleKind = Literal["line", "statement", "block", "expression", "closer", "between", "right"]
HOLE_KINDS: tuple[HoleKind, ...] = ("line", "statement", "block", "expression", "closer", "between", "right")
"""``line``: a whole line. ``statement``: one of several lines without a body. ``block``: one with its body, between
others. ``expression``: within a line, up to what closes. ``closer``: a line that only closes something. ``between``:
one of several like things. ``right``: within a line, with code right of it. All but the last begin after the blanks
that a line begins with, or within it."""

MOST_LINES = 8
MOST_CHARS = 280
"""An answer that nobody asked for has at most 96 tokens of about three characters: no hole is longer than that."""
_LONGEST_LINE = 120
_LEAST_CHARS = {"right": 3}
_LEAST_OF_OTHERS = 4
_MOST_SECONDS = 2.0

_WORD = re.compile(r"[^\W\d]{2,}")
_CLOSERS = ")]}>\"'`;:, \t"
_CLOSING_LINE = re.compile(r"[)\]}]+(?:\)|[;,])*|(?:end|fi|done|esac)[;,)]*|;;")
_BODY = re.compile(
    r"\w*(?:block|body)(?!_comment)\w*|\w*declaration_list|compound_statement|do_group|case_item|then"
    r"|(?:if|for\w*|while|case|until|switch)(?:_statement|_expression)?"
)
_BRANCH = re.compile(r"else|elif|elsif|except|finally|catch|rescue|ensure|when|in\b|while\b.*;$")
_MARKS = re.compile(r"attribute|annotation|decorator|comment")
# What the next thing on a line begins with, where the cursor is at the end of a piece: not within `a.b` or `f(x)`.
_ENDS_A_PIECE = " \t,;)]}="
_NO_EXPRESSIONS = ("modifiers", "visibility_modifier", "ERROR")
_LISTS = re.compile(
    r"(?!declaration_list|statement_list|enum_declaration|struct_declaration)\w*"
    r"(?:list|array|object|dictionary|hash|table|initializer|enum|struct|arguments|parameters|case|switch|match)\w*"
)


@dataclass(frozen=True, slots=True)
class CursorHole:
    """One hole: characters ``start`` to ``end`` of a file; ``line`` (from 1) is where it begins.

    ``has_comment``: nobody could guess all of it.
    """

    kind: HoleKind
    start: int
    end: int
    line: int
    has_comment: bool = False


def find_cursor_holes(path: str, text: str, *, comments: bool = False) -> list[CursorHole]:
    """Return the holes of ``text``, a file's whole text with line feeds, by place; one place may be of several kinds.

    Nothing of a file without a grammar, or that cannot be parsed in time. With ``comments`` there are holes that hold
    some, too.
    """
    language = code_language(path, text)
    source = text.encode("utf-8", "replace")
    tree = parse_within(language, source, _MOST_SECONDS) if language else None
    if tree is None:
        return []
    found = {(hole.kind, hole.start, hole.end): hole for hole in _File(text, source, tree).holes()}
    wanted = [hole for hole in found.values() if comments or not hole.has_comment]
    return sorted(wanted, key=lambda hole: (hole.start, hole.end, HOLE_KINDS.index(hole.kind)))


class _File:
    """A parsed file. Rows are counted from 0."""

    def __init__(self, text: str, source: bytes, tree: Tree) -> None:
        self._text = text
        self._lines = text.split("\n")
        self._starts = [0, *accumulate(len(line) + 1 for line in self._lines)]
        self._places = None if len(source) == len(text) else character_places(source)
        self._nodes = list(all_nodes(tree))
        self._comments, self._texts = self._rows_of_text()

    def holes(self) -> Iterator[CursorHole]:
        """Yield all, those with comments too."""
        for row, line in enumerate(self._lines):
            bare = line.strip()
            start = self._starts[row] + line.find(bare[:1])
            if row in self._texts or not bare:
                continue
            if _CLOSING_LINE.fullmatch(bare):
                yield CursorHole("closer", start, start + len(bare), row + 1)
            else:
                yield from self._checked("line", start, self._starts[row] + len(line))
        for node in self._nodes:
            if node.has_error or is_text(node):
                continue
            if node.start_point[0] == node.end_point[0]:
                yield from self._inside_a_line(node)
            if node.parent is not None:
                yield from self._whole(node)
        for node in self._nodes:
            yield from self._like_others(node)

    # --- within a line -----------------------------------------------------------------

    def _inside_a_line(self, node: Node) -> Iterator[CursorHole]:
        """Yield what stands on one line after something else; by what is right of it it is of one of two kinds."""
        row = node.start_point[0]
        start, end = self._place(node.start_byte), self._place(node.end_byte)
        typed = self._text[self._starts[row] : start].strip()
        tail = self._text[end : self._starts[row] + len(self._lines[row])]
        if node.type in _NO_EXPRESSIONS:
            return
        if not tail.strip(_CLOSERS):
            if typed:
                yield from self._checked("expression", start, end)
        elif tail[0] in _ENDS_A_PIECE:
            yield from self._checked("right", start, end)

    # --- whole lines -------------------------------------------------------------------

    def _whole(self, node: Node) -> Iterator[CursorHole]:
        """Yield a statement of several lines, or one with its body that stands between others."""
        rows = self._rows(node)
        several = node.parent is not None and len(node.parent.named_children) > 1
        if rows is None or rows[-1] == rows[0] or not several or _BRANCH.match(self._lines[rows[0]].strip()):
            return
        if not _has_body(node):
            yield from self._checked_rows("statement", rows)
            return
        if self._stands_between(rows):
            for begin in self._first_rows(node):
                yield from self._checked_rows("block", range(begin, rows[-1] + 1))

    def _stands_between(self, rows: range) -> bool:
        """Return whether the block goes on below with something that is no other branch of this."""
        below = next((line for line in self._lines[rows[-1] + 1 :] if line.strip()), "")
        bare = below.strip()
        deep = _depth(self._lines[rows[0]])
        return bool(bare.strip(_CLOSERS)) and _depth(below) == deep and not _BRANCH.match(bare) and not _ends(bare)

    def _like_others(self, parent: Node) -> Iterator[CursorHole]:
        """Yield the children of a node that have one like them above and below."""
        units = [
            (node, self._first_rows(node), rows[-1])
            for node in parent.named_children
            if not _MARKS.search(node.type) and not node.has_error and (rows := self._rows(node)) is not None
        ]
        listed = _LISTS.fullmatch(parent.type) is not None
        keys = [
            (node.type, last > node.start_point[0], "" if listed else self._begins(first))
            for node, (first, *_), last in units
        ]
        for at in range(1, len(units) - 1):
            if (keys[at][1] or listed) and keys[at] in keys[:at] and keys[at] in keys[at + 1 :]:
                for begin in units[at][1]:
                    yield from self._checked_rows("between", range(begin, units[at][2] + 1))

    def _begins(self, row: int) -> str:
        """Return what tells like things: signs and the first word of a line."""
        found = re.match(r"\W*\w*", self._lines[row].strip())
        return found[0] if found else ""

    def _first_rows(self, node: Node) -> list[int]:
        """Return the rows where a node may be said to begin: with its attributes, and with its documentation too."""
        row = node.start_point[0]
        undocumented: int | None = None
        before = node.prev_named_sibling
        while before is not None and _MARKS.search(before.type) and self._ends_above(before, row):
            if undocumented is None and "comment" in before.type:
                undocumented = row
            row = before.start_point[0]
            before = before.prev_named_sibling
        return [row] if undocumented is None else [undocumented, row]

    def _ends_above(self, node: Node, row: int) -> bool:
        """Return whether a node stands on lines of its own, right above a row."""
        end = self._place(node.end_byte)
        last = self._row(end - 1 if end and self._text[end - 1] == "\n" else end)
        alone = not self._text[self._starts[node.start_point[0]] : self._place(node.start_byte)].strip()
        return alone and last == row - 1

    def _rows(self, node: Node) -> range | None:
        """Return the rows of what begins as the first thing of a line and ends as the last of one, else None."""
        start, end = self._place(node.start_byte), self._place(node.end_byte)
        while end > start and self._text[end - 1] in " \t\n":
            end -= 1
        row, last = node.start_point[0], self._row(end)
        tail = self._text[end : self._starts[last] + len(self._lines[last])]
        if self._text[self._starts[row] : start].strip() or tail.strip(" \t;,"):
            return None
        return range(row, last + 1)

    # --- which are taken ---------------------------------------------------------------

    def _checked_rows(self, kind: HoleKind, rows: range) -> Iterator[CursorHole]:
        line = self._lines[rows[0]]
        start = self._starts[rows[0]] + len(line) - len(line.lstrip())
        if any(self._lines[row].strip() and _depth(self._lines[row]) < _depth(line) for row in rows):
            return
        yield from self._checked(kind, start, self._starts[rows[-1]] + len(self._lines[rows[-1]].rstrip()))

    def _checked(self, kind: HoleKind, start: int, end: int) -> Iterator[CursorHole]:
        """Yield the hole if it is neither trivial, nor too long, nor text."""
        cut = self._text[start:end].rstrip()
        end = start + len(cut)
        least = _LEAST_CHARS.get(kind, _LEAST_OF_OTHERS)
        if not least <= len(cut) <= MOST_CHARS or cut[0].isspace() or not _WORD.search(cut):
            return
        first = self._row(start)
        rows = range(first, first + cut.count("\n") + 1)
        if len(rows) > MOST_LINES or any(len(self._lines[row]) > _LONGEST_LINE for row in rows):
            return
        if rows[0] in self._texts and rows[0] not in self._comments:
            return
        yield CursorHole(kind, start, end, first + 1, any(row in self._comments for row in rows))

    def _row(self, place: int) -> int:
        return bisect_right(self._starts, place) - 1

    def _place(self, byte: int) -> int:
        return byte if self._places is None else self._places[byte]

    def _rows_of_text(self) -> tuple[frozenset[int], frozenset[int]]:
        """Return the rows with a comment, and those that lie in a comment or a text of several lines."""
        comments: set[int] = set()
        texts: set[int] = set()
        for node in self._nodes:
            if not is_text(node):
                continue
            rows = range(node.start_point[0], self._row(max(self._place(node.end_byte) - 1, 0)) + 1)
            comment = "comment" in node.type or node.type == "expression_statement"
            alone = not self._text[self._starts[rows[0]] : self._place(node.start_byte)].strip()
            comments.update(rows if comment else ())
            texts.update(rows if alone and comment else rows[1:])
        return frozenset(comments), frozenset(texts)


def _has_body(node: Node) -> bool:
    """Return whether a node has a body on lines of its own, itself or deeper."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if each.end_point[0] > node.start_point[0] and _BODY.fullmatch(each.type):
            return True
        waiting += each.named_children
    return False


def _depth(line: str) -> int:
    return len(line[: len(line) - len(line.lstrip())].expandtabs(4))


def _ends(bare: str) -> bool:
    return _CLOSING_LINE.fullmatch(bare) is not None or bare.startswith((")", "]", "}", "end", "fi", "done", "esac"))
