"""The names that a hole's truth needs: what a prompt has to tell for it to be written, whatever the model is.

By the grammar alone: leaves that are identifiers, so neither keywords, nor literals, nor comments. What the hole itself
brings in, by declaring, assigning or taking it for the first time, nobody has to be told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from assistant.measure.evaluate.data import Row
from assistant.repository.parsing import parse_within
from assistant.retrieval.search.query import NAME

LEAST_LETTERS = 3
"""Shorter names are of loops and such, and stand in any text by chance."""
_MOST_SECONDS = 2.0
# How grammars call the leaves that are names; `word` is a shell's, of which those that look like names count.
_NAMES = re.compile(
    r"\w*identifier(?:_pattern)?|name|variable_name|constant|(?:instance|class|global)_variable|simple_symbol"
    r"|hash_key_symbol|word"
)
# What brings a name in, under which of its fields, and what may stand between.
_BRINGS_IN = re.compile(r"declar|defin|param|item|assign|spec|for|clause|let|catch|lambda|pattern|binding")
_FIELDS = ("name", "pattern", "declarator", "left", "alias", "parameter", "parameters", "variable")
_BETWEEN = re.compile(r"declarator|pattern|_list$|tuple|variable_name")


def needed_names(row: Row, language: str) -> frozenset[str]:
    """Return the names that a row's solution needs, without signs such as ``@``; none where it cannot be parsed."""
    source = f"{row.prompt}{row.solution}{row.suffix}".encode("utf-8", "replace")
    tree = parse_within(language, source, _MOST_SECONDS)
    if tree is None:
        return frozenset()
    start = len(row.prompt.encode("utf-8", "replace"))
    end = start + len(row.solution.encode("utf-8", "replace"))
    needed: set[str] = set()
    brought: set[str] = set()
    for node in _leaves(tree.root_node, start, end):
        name = _name(source, node)
        if len(name) >= LEAST_LETTERS:
            (brought if _is_brought_in(node) else needed).add(name)
    before = names_in(row.prompt)
    return frozenset((needed - brought) | (brought & before))


def names_in(text: str) -> frozenset[str]:
    """Return all names that stand in a text, in comments and strings too: a model reads them all."""
    return frozenset(NAME.findall(text))


def _leaves(root: Node, start: int, end: int) -> Iterator[Node]:
    """Yield the names from byte ``start`` to ``end``."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.end_byte <= start or node.start_byte >= end:
            continue
        if node.child_count:
            waiting += node.children
        elif node.is_named and node.start_byte >= start and node.end_byte <= end and _NAMES.fullmatch(node.type):
            yield node


def _name(source: bytes, node: Node) -> str:
    text = source[node.start_byte : node.end_byte].decode("utf-8", "replace").strip("@$:?!")
    return text if NAME.fullmatch(text) else ""


def _is_brought_in(node: Node) -> bool:
    child, parent = node, node.parent
    while parent is not None:
        field = next((name for name in _FIELDS if child in parent.children_by_field_name(name)), None)
        bare = field is None and not _has_field(parent, child)
        if _BRINGS_IN.search(parent.type) and (field is not None or (bare and "param" in parent.type)):
            return True
        if not _BETWEEN.search(parent.type) or not (bare or field is not None):
            return False
        child, parent = parent, parent.parent
    return False


def _has_field(parent: Node, child: Node) -> bool:
    place = parent.children.index(child)
    return parent.field_name_for_child(place) is not None
