"""Pieces of a file, cut where its syntax has borders: whole definitions where they fit, small neighbours together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tree_sitter import Node, Tree

GOOD_LINES = 40
"""Neighbours are joined up to this many lines."""
MOST_LINES = 60
"""What is longer is cut at the borders inside of it; what has none, at lines."""
# Belong to what follows them. Decorators of Python are part of the definition already.
_LEADING = frozenset({"comment", "line_comment", "block_comment", "attribute_item", "decorator"})
_MOST_CHILDREN = 5000


@dataclass(frozen=True, slots=True)
class Chunk:
    """Lines of a file, 1-based and inclusive."""

    first_line: int
    last_line: int


def split_syntax(tree: Tree, lines: int) -> list[Chunk]:
    """Return the chunks of a file of ``lines`` lines with a syntax tree: each line in exactly one, in order."""
    pieces: list[Chunk] = []
    # (node, first and last line): what is still to be cut, the first on top. No recursion: code nests deeply.
    waiting: list[tuple[Node | None, int, int]] = [(tree.root_node, 1, lines)] if lines > 0 else []
    while waiting:
        node, first, last = waiting.pop()
        if last - first < MOST_LINES:
            pieces.append(Chunk(first, last))
            continue
        parts = list(_parts(node, first, last)) if node is not None else []
        if len(parts) > 1:
            waiting += reversed(parts)
        elif node is not None and (inner := _only_child(node, first, last)) is not None:
            waiting.append((inner, first, last))
        else:
            pieces += split_lines(last - first + 1, first)
    return _joined(pieces)


def split_lines(lines: int, first: int = 1) -> list[Chunk]:
    """Return chunks of GOOD_LINES each of ``lines`` lines, counted from ``first``."""
    end = first + lines
    return [Chunk(start, min(start + GOOD_LINES, end) - 1) for start in range(first, end, GOOD_LINES)]


def _parts(node: Node, first: int, last: int) -> Iterable[tuple[Node | None, int, int]]:
    """Yield the lines ``first`` to ``last`` as one part for each child of ``node``, cut where children begin.

    Blank lines belong to what is above them. A part has its node where that may be cut further.
    """
    starts: list[tuple[int, Node | None]] = [(first, None)]
    leading_from, leading_to = 0, 0
    for child in node.children[:_MOST_CHILDREN]:
        line, end = child.start_point[0] + 1, _last_line(child)
        if child.type in _LEADING:
            if leading_to != line - 1:
                leading_from = line
            leading_to = end
            continue
        start = leading_from if leading_to and leading_to >= line - 1 else line
        leading_to = 0
        if start > last:
            break
        # A child that begins on the line where the last one ends stays with it.
        if start > starts[-1][0] and start > _end(starts[-1][1]):
            starts.append((start, child))
        elif start <= starts[-1][0] and (starts[-1][1] is None or end > _end(starts[-1][1])):
            starts[-1] = (starts[-1][0], child)
    for (start, child), (following, _) in zip(starts, [*starts[1:], (last + 1, None)], strict=True):
        yield child, start, following - 1


def _end(node: Node | None) -> int:
    return _last_line(node) if node is not None else 0


def _only_child(node: Node, first: int, last: int) -> Node | None:
    """Return the child that holds nearly all of these lines, if there is one: cutting goes on in it."""
    inside = (child for child in node.children[:_MOST_CHILDREN] if child.start_point[0] < last and child.child_count)
    longest = max(inside, key=lambda child: child.end_point[0] - child.start_point[0], default=None)
    if longest is None or _last_line(longest) - longest.start_point[0] < (last - first) // 2:
        return None
    return longest


def _joined(pieces: Sequence[Chunk]) -> list[Chunk]:
    """Return the pieces, neighbours together as long as they fit."""
    chunks: list[Chunk] = []
    for piece in pieces:
        if chunks and piece.last_line - chunks[-1].first_line < GOOD_LINES:
            chunks[-1] = Chunk(chunks[-1].first_line, piece.last_line)
        else:
            chunks.append(piece)
    return chunks


def _last_line(node: Node) -> int:
    row, column = node.end_point
    return row if column == 0 and row > node.start_point[0] else row + 1
