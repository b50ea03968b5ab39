"""Where a file can have a hole: spans of its syntax tree that a person would type in one go."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from tree_sitter import Node, Tree

from assistant.languages import find_language
from assistant.repository.parsing import parse_within

Kind = Literal["line", "statement", "body", "expression", "argument", "block", "random"]
"""``block``: some statements of a body; ``random``: from anywhere to anywhere. These two are learned, never asked."""
KINDS: tuple[Kind, ...] = ("line", "statement", "body", "expression", "argument")

MOST_LINES = 10
MOST_CHARS = 320
"""A suggestion that nobody asked for has at most 96 tokens: a longer hole could not be filled by one."""
_LONGEST_LINE = 120
_MOST_STATEMENTS = 4
_LEAST_CHARS = 6
_LEAST_IN_LINE = 4
_MOST_SECONDS = 2.0

_TEXT = ("comment", "string", "heredoc", "char_literal", "character_literal", "regex")
_BODIES = ("body", "consequence", "alternative")
_EXPRESSIONS = ("right", "value", "condition")
_WORD = re.compile(r"[^\W\d]{2,}")
# What anyone would write there, whatever the project.
_TRIVIAL = re.compile(
    r"(None|True|False|null|nil|true|false|undefined|self|this|super\(\)|pass|break|continue|else|try|finally"
    r"|do|then|end|fi|done|esac|begin|default"
    r"|return( (None|nil|null|true|false|True|False))?)"
)


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a file to cut out: characters ``start`` to ``end``, on the lines ``first`` to ``last`` (from 1)."""

    kind: Kind
    start: int
    end: int
    first: int
    last: int


def code_language(path: str, text: str = "") -> str | None:
    """Return the language of a file that holes are taken from, or None."""
    record = find_language(path, text)
    return record.name if record is not None and record.grammar is not None and record.is_code else None


def find_spans(path: str, text: str, *, blocks: bool = False) -> list[Span]:
    """Return the spans of ``text``, a file's whole text with line feeds, in the order of their places.

    Trivial ones, texts and what holds a comment are left out: nobody could guess them, or anybody would. So is all of a
    file that cannot be parsed in time. With ``blocks`` there are those, too: two to four statements of a body.
    """
    language = code_language(path, text)
    source = text.encode("utf-8", "replace")
    tree = parse_within(language, source, _MOST_SECONDS) if language else None
    if tree is None:
        return []
    file = _File(text, source, tree)
    found = {(span.start, span.end): span for span in file.spans()}
    for span in file.blocks() if blocks else ():
        found.setdefault((span.start, span.end), span)
    return sorted(found.values(), key=lambda span: (span.start, span.end))


class _File:
    """A parsed file. The kinds are looked for from the commonest to the rarest, and the last one names a place."""

    def __init__(self, text: str, source: bytes, tree: Tree) -> None:
        self._text = text
        self._lines = text.split("\n")
        self._starts = [0, *accumulate(len(line) + 1 for line in self._lines)]
        self._places = None if len(source) == len(text) else character_places(source)
        self._nodes = list(all_nodes(tree))
        self._no_code = self._rows_of_text()

    def spans(self) -> Iterator[Span]:
        """Yield the good ones, places twice where they are of two kinds."""
        for row, line in enumerate(self._lines):
            bare = line.strip()
            yield from self._checked("line", self._starts[row] + line.find(bare[:1]), self._starts[row] + len(line))
        for node in self._nodes:
            yield from self._of(node)

    def blocks(self) -> Iterator[Span]:
        """Yield runs of statements that stand in one body, one after the other, but are not all of it."""
        for node in self._nodes:
            if node.has_error:
                continue
            for body in _children(node, _BODIES):
                inner = [child for child in body.named_children if not is_text(child)]
                for first in range(len(inner)):
                    for last in range(first + 1, min(first + _MOST_STATEMENTS, len(inner))):
                        if last - first + 1 < len(inner):
                            yield from self._whole_lines("block", inner[first], inner[last])

    def _of(self, node: Node) -> Iterator[Span]:
        if node.has_error:
            return
        for child in node.named_children if _holds_arguments(node) else ():
            yield from self._inside_a_line("argument", child)
        expressions = _children(node, _EXPRESSIONS)
        expressions += node.named_children[:1] if node.type == "return_statement" else []
        for child in expressions:
            yield from self._inside_a_line("expression", child)
        bodies = [node] if node.parent is None else []
        for body in [*bodies, *_children(node, _BODIES)]:
            inner = [child for child in body.named_children if not is_text(child)]
            for child in inner:
                if child.end_point[0] > child.start_point[0]:
                    yield from self._whole_lines("statement", child, child)
            if body.parent is not None and inner:
                yield from self._whole_lines("body", inner[0], inner[-1])

    def _whole_lines(self, kind: Kind, first: Node, last: Node) -> Iterator[Span]:
        """Yield what begins as the first thing of a line and ends as the last of one."""
        start, end = self._place(first.start_byte), self._place(last.end_byte)
        if end > start and self._text[end - 1] == "\n":
            end -= 1
        row, last_row = first.start_point[0], self._row(end)
        tail = self._text[end : self._starts[last_row] + len(self._lines[last_row])]
        if not self._text[self._starts[row] : start].strip() and not tail.strip(" \t;,"):
            yield from self._checked(kind, start, end + len(tail.rstrip()))

    def _inside_a_line(self, kind: Kind, node: Node) -> Iterator[Span]:
        """Yield what stands on one line after something else."""
        row = node.start_point[0]
        start, end = self._place(node.start_byte), self._place(node.end_byte)
        typed = self._text[self._starts[row] : start].strip()
        if node.end_point[0] == row and typed and _WORD.search(self._text, start, end) and not is_text(node):
            yield from self._checked(kind, start, end)

    def _checked(self, kind: Kind, start: int, end: int) -> Iterator[Span]:
        """Yield the span if it is neither trivial, nor too long, nor text."""
        cut = self._text[start:end]
        bare = cut.strip()
        least = _LEAST_IN_LINE if kind in ("expression", "argument") else _LEAST_CHARS
        if not least <= len(bare) or len(cut) > MOST_CHARS or cut[:1].isspace():
            return
        if bare[0] in ")]}" or _TRIVIAL.fullmatch(bare.rstrip(" :{;(")) or not _WORD.search(bare):
            return
        row = self._row(start)
        last = row + cut.count("\n")
        rows = range(row, last + 1)
        if len(rows) > MOST_LINES or any(each in self._no_code for each in rows):
            return
        if any(len(self._lines[each]) > _LONGEST_LINE for each in rows):
            return
        yield Span(kind, start, end, row + 1, last + 1)

    def _row(self, place: int) -> int:
        """Return the row, from 0, of a place in characters."""
        return bisect_right(self._starts, place) - 1

    def _place(self, byte: int) -> int:
        return byte if self._places is None else self._places[byte]

    def _rows_of_text(self) -> frozenset[int]:
        """Return the rows, from 0, with a comment, with a text of several lines, or with nothing but a text."""
        found: set[int] = set()
        for node in self._nodes:
            if not is_text(node):
                continue
            rows = range(node.start_point[0], node.end_point[0] + 1)
            alone = (
                self._lines[rows[0]].strip() == self._text[self._place(node.start_byte) : self._place(node.end_byte)]
            )
            if "comment" in node.type or len(rows) > 1 or alone:
                found.update(rows)
        return frozenset(found)


def is_text(node: Node) -> bool:
    """Return whether a node is a comment, a text, or a statement that is one: documentation."""
    return any(kind in node.type for kind in _TEXT) or (
        # A text as a statement of its own is documentation.
        node.type == "expression_statement" and node.named_child_count == 1 and is_text(node.named_children[0])
    )


def _children(node: Node, fields: Sequence[str]) -> list[Node]:
    return [child for field in fields if (child := node.child_by_field_name(field)) is not None]


def _holds_arguments(node: Node) -> bool:
    return "argument" in node.type and node.type.endswith(("arguments", "list"))


def all_nodes(tree: Tree) -> Iterator[Node]:
    """Yield the named nodes, outer before inner; nothing inside of a text."""
    waiting = [tree.root_node]
    while waiting:
        node = waiting.pop()
        yield node
        if not is_text(node):
            waiting += node.named_children[::-1]


def character_places(source: bytes) -> Sequence[int]:
    """Return for each byte of UTF-8, and for the end, how many characters lie before it."""
    return [0, *accumulate((byte & 0xC0) != 0x80 for byte in source)]
