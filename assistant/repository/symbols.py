"""What a file defines, uses and imports, by the tree-sitter queries of resources/queries, one file for each language.

A file may begin with ``; inherits: NAME NAME``: the patterns of those files come first. What the captures mean:

``@definition.KIND`` a definition, with ``@name`` its name; ``@parent`` the name of its class where that is written
    beside it; ``@body`` where its signature ends, unless the node has a field ``body``. Of several patterns that give
    one name, the first counts.
``@scope`` with ``@name``: no definition, but the parent of those inside (``impl`` in Rust).
``@reference`` a name that is used.
``@import`` an import statement, with ``@module`` and, where one name is taken, ``@imported`` and ``@alias``.
    ``@default`` and ``@namespace`` are what a module's default and all of it are called; ``@prefix`` stands before the
    module; ``@use`` is a whole path of Rust.
``@assigned`` an assignment that makes an attribute of an object, with ``@attribute``, its name: only for the outline.
``@group``: definitions or imports in one pair of brackets (``const (`` in Go): only for the outline, too.
``@_anything``: only for predicates.

``#set!`` beside another predicate crashes py-tree-sitter 0.26, so it is not used.
"""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tree_sitter import Node, Query, QueryCursor, Tree

from assistant.languages import Comments, language_named
from assistant.repository.docs import comment_above, doc_string
from assistant.repository.imports import Import, read_imports, without_repeats
from assistant.repository.parsing import grammar

__all__ = ["Facts", "Import", "Reference", "Symbol", "read_facts"]

MOST_SYMBOLS = 4000
MOST_REFERENCES = 20_000
_LONGEST_SIGNATURE = 240
_LONGEST_NAME = 200
_CONTAINERS = frozenset({"class", "struct", "interface", "trait", "enum", "scope", "namespace", "module"})
_CLASSES = _CONTAINERS - {"namespace", "module"}
# Nodes that wrap a definition: its decorators, `export`, `template <...>` belong to it.
_WRAPPERS = frozenset({"decorated_definition", "export_statement", "template_declaration"})


_INHERITS = "; inherits:"


@functools.cache
def load_query(language: str) -> Query:
    """Return the query of a language that has a grammar; making it takes some milliseconds."""
    record = language_named(language)
    return Query(grammar(language), _read((record.queries if record else "") or language))


def _read(place: str | Path) -> str:
    """Return the text of a file of resources/queries, by its name, or of any file, by its path."""
    file = place if isinstance(place, Path) else importlib.resources.files("resources") / "queries" / f"{place}.scm"
    text = file.read_text(encoding="utf-8")
    first = text.partition("\n")[0]
    inherited = first.removeprefix(_INHERITS).split() if first.startswith(_INHERITS) else []
    return "\n".join([*map(_read, inherited), text])


@dataclass(frozen=True, slots=True)
class Symbol:
    """A definition. Lines are 1-based and inclusive, decorators included.

    ``parent`` is the name of the class (or the like) that it is in, else empty; ``signature`` one bounded line;
    ``doc`` the first paragraph of its documentation, bounded, or empty.
    """

    name: str
    kind: str
    parent: str
    signature: str
    doc: str
    first_line: int
    last_line: int


@dataclass(frozen=True, slots=True)
class Reference:
    """A use of a name: a call, a base class, a type. ``line`` is 1-based."""

    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What was read from one file, each in the order of the lines."""

    symbols: tuple[Symbol, ...] = ()
    references: tuple[Reference, ...] = ()
    imports: tuple[Import, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """A match that defines something, or holds what others define (kind ``scope``)."""

    pattern: int
    kind: str
    node: Node
    name: Node
    parent: Node | None
    body: Node | None


def read_facts(language: str, source: bytes, tree: Tree) -> Facts:
    """Return the definitions, uses and imports in UTF-8 ``source`` whose syntax tree is ``tree``.

    At most MOST_SYMBOLS definitions and MOST_REFERENCES uses are returned of one file.
    """
    found: dict[int, _Found] = {}
    references: list[Reference] = []
    imports: list[Import] = []
    for pattern, captures in QueryCursor(load_query(language)).matches(tree.root_node):
        if used := captures.get("reference"):
            node = used[0]
            if len(references) < MOST_REFERENCES:
                references.append(Reference(_slice(source, node), node.start_point[0] + 1))
        elif "import" in captures:
            imports += read_imports(language, source, captures)
        elif name := captures.get("name"):
            start = name[0].start_byte
            if (known := found.get(start)) is None or pattern < known.pattern:
                found[start] = _definition(pattern, captures)
    references.sort(key=lambda one: one.line)
    imports.sort(key=lambda one: one.line)
    return Facts(_symbols(language, source, list(found.values())), tuple(references), without_repeats(imports))


def _definition(pattern: int, captures: Mapping[str, Sequence[Node]]) -> _Found:
    kind = "scope"
    node = captures["name"][0]
    for capture, nodes in captures.items():
        if capture == "scope" or capture.startswith("definition."):
            kind, node = capture.removeprefix("definition."), nodes[0]
    parent, body = captures.get("parent"), captures.get("body")
    return _Found(
        pattern,
        kind,
        node,
        captures["name"][0],
        parent[0] if parent else None,
        body[0] if body else node.child_by_field_name("body"),
    )


def _symbols(language: str, source: bytes, found: list[_Found]) -> tuple[Symbol, ...]:
    found.sort(key=lambda one: (one.node.start_byte, -one.node.end_byte, one.name.start_byte))
    record = language_named(language)
    commented = record is not None and record.comments != Comments()
    lines = source.decode("utf-8", "replace").split("\n") if found and commented else []
    symbols: list[Symbol] = []
    around: list[tuple[int, str, str]] = []  # end, kind and name of the definitions that this place is in
    for one in found[:MOST_SYMBOLS]:
        while around and around[-1][0] <= one.node.start_byte:
            around.pop()
        name = _slice(source, one.name)
        outer = next((entry for entry in reversed(around) if entry[1] != "variable"), None)
        around.append((one.node.end_byte, one.kind, name))
        if one.kind == "scope" or not name:
            continue
        # `Stack<T>::push` belongs to Stack.
        parent = _slice(source, one.parent).partition("<")[0] if one.parent else outer[2] if outer else ""
        kind = "method" if one.kind == "function" and outer and outer[1] in _CLASSES else one.kind
        if kind == "variable" and name.isupper():
            kind = "constant"
        wrapper = one.node.parent
        whole = wrapper if wrapper is not None and wrapper.type in _WRAPPERS else one.node
        first, last = whole.start_point[0] + 1, _last_line(whole)
        doc = doc_string(source, one.body) if record is not None and record.doc_string and one.body else ""
        if not doc and lines and not lines[first - 1][: whole.start_point[1]].strip():
            doc = comment_above(lines, first, language)
        symbols.append(Symbol(name, kind, parent, _signature(source, one), doc, first, last))
    return tuple(symbols)


def _signature(source: bytes, one: _Found) -> str:
    """Return a definition up to its body, on one line."""
    start = one.node.start_byte
    end = one.body.start_byte if one.body is not None and one.body.start_byte > start else one.node.end_byte
    text = source[start : min(end, start + 4 * _LONGEST_SIGNATURE)].decode("utf-8", "ignore")
    if one.body is None and one.kind in _CONTAINERS:
        text = text.partition("{")[0]
    text = " ".join(text.split())
    if one.body is not None:
        text = text.removesuffix("=>").rstrip(" :{=")
    return text if len(text) <= _LONGEST_SIGNATURE else text[:_LONGEST_SIGNATURE].rstrip() + " …"


def _last_line(node: Node) -> int:
    row, column = node.end_point
    return row if column == 0 and row > node.start_point[0] else row + 1


def _slice(source: bytes, node: Node) -> str:
    """Return a name; faster than ``node.text``, and bounded."""
    return source[node.start_byte : min(node.end_byte, node.start_byte + _LONGEST_NAME)].decode("utf-8", "replace")
