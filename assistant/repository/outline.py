"""A file as its definitions: which lines say what is there, and which may be left out of a short form of it.

By the same queries as the facts of a file (``symbols.py``); what ends a definition is told by the tree, so that no
language needs a rule of its own here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tree_sitter import Node, QueryCursor, Tree

from assistant.languages import Language, language_named
from assistant.repository.symbols import load_query

MOST_ENTRIES = 4000
# Longer rows were written by no one, and a longer signature is no help for its length.
_LONGEST_ROW = 240
_LONGEST_HEADER_ROWS = 40
_MOST_COMMENTED_ROWS = 8
_MOST_IMPORT_ROWS = 8
_MOST_ROWS_ABOVE_NAME = 3
_LONGEST_CLOSER = 8
_LONGEST_NAMED_CLOSER = 80
_OPENERS = {"}": "{", ")": "(", "]": "["}
# Annotations above a definition, in rows of their own: they are part of its node and say little of how it is used.
_ANNOTATION = re.compile(r"\s*(?:@\w|#!?\[|\[\w)")
_DECORATED = "decorated_definition"


@dataclass(frozen=True, slots=True)
class Entry:
    """One definition, import or attribute of a file.

    ``kind`` is that of its definition in the query, or ``scope``, ``group``, ``import``, ``attribute``. ``first_line``
    to ``last_line`` are the rows of its header, ``end_line`` is the last one of all of it; 1-based and inclusive.
    ``header`` is what these rows say, without the last line end, on one row where it is a signature over several;
    ``closer`` is the row that ends it (``}``, ``end``), empty where there is none. ``names`` are what it defines or
    brings in. ``inside`` is the number of the entry around it, None at the top level; ``owner`` the name of its class
    where that is written beside it (Go, C++).
    """

    kind: str
    names: tuple[str, ...]
    header: str
    closer: str
    first_line: int
    last_line: int
    end_line: int
    inside: int | None = None
    owner: str = ""

    @property
    def elides(self) -> bool:
        """Whether there is more of it than its header says."""
        return self.end_line > self.last_line


@dataclass(frozen=True, slots=True)
class _Found:
    """A node of the tree that makes an entry; ``first`` is where its header begins, ``body`` what follows that."""

    kind: str
    name: str
    node: Node
    name_row: int
    body: Node | None
    owner: str = ""


def read_outline(language: str, source: bytes, tree: Tree) -> tuple[Entry, ...]:
    """Return the entries of UTF-8 ``source`` whose syntax tree is ``tree``, in the file's order, at most MOST_ENTRIES.

    ``language`` is one that has a grammar. Of several definitions in one row the first counts, with all their names.
    An attribute is where it is first assigned in its class.
    """
    record = language_named(language) or Language(name=language)
    rows = source.decode("utf-8", "replace").split("\n")
    entries: list[Entry] = []
    around: list[tuple[int, int, bool]] = []  # end in bytes, number of its entry, and whether it holds members
    attributes: set[tuple[int | None, str]] = set()
    in_row: dict[int, int] = {}
    for found in _in_order(language, source, tree):
        while around and around[-1][0] <= found.node.start_byte:
            around.pop()
        inside = around[-1][1] if around else None
        if found.kind == "attribute":
            owner = next((number for _, number, holds in reversed(around) if holds), None)
            if (owner, found.name) in attributes:
                continue
            attributes.add((owner, found.name))
        entry = _entry(found, rows, record)
        if entry is None:
            continue
        number = in_row.setdefault(entry.first_line, len(entries))
        around.append((found.node.end_byte, number, found.kind not in _NO_OWNERS))
        if number < len(entries):
            entries[number] = replace(entries[number], names=(*entries[number].names, *entry.names))
            continue
        entries.append(replace(entry, inside=inside))
        if len(entries) == MOST_ENTRIES:
            break
    return tuple(entries)


_CALLED = frozenset({"function", "method", "constructor"})
_NO_OWNERS = _CALLED | {"attribute", "import", "variable", "constant", "field"}


def _in_order(language: str, source: bytes, tree: Tree) -> list[_Found]:
    found: dict[tuple[int, bool], tuple[int, _Found]] = {}
    imports: dict[int, list[_Found]] = {}
    for pattern, captures in QueryCursor(load_query(language)).matches(tree.root_node):
        if "reference" in captures:
            continue
        each = _read_match(source, captures)
        if each is None:
            continue
        if each.kind == "import":
            imports.setdefault(each.node.start_byte, []).append(each)
            continue
        place = captures.get("name") or captures.get("attribute") or (each.node,)
        key = (place[0].start_byte, each.kind == "group")
        if (known := found.get(key)) is None or pattern < known[0]:
            found[key] = (pattern, each)
    brought = (replace(same[0], name=" ".join(dict.fromkeys(one.name for one in same))) for same in imports.values())
    everything = [*(one for _, one in found.values()), *brought]
    return sorted(everything, key=lambda one: (one.node.start_byte, -one.node.end_byte))


def _read_match(source: bytes, captures: Mapping[str, Sequence[Node]]) -> _Found | None:
    """Return what a match defines, assigns or imports; None where it is of another kind."""
    if "import" in captures:
        node = captures["import"][0]
        said = (captures.get(each) for each in ("alias", "imported", "default", "namespace", "use", "module"))
        words = _WORD.findall(_text(source, next((nodes[0] for nodes in said if nodes), node)))
        words = words if "use" in captures else words[-1:]  # what a path of a module ends with is what is used
        return _Found("import", " ".join(words), node, node.start_point[0], None)
    if named := captures.get("attribute"):
        node = captures["assigned"][0]
        return _Found("attribute", _text(source, named[0]), node, node.start_point[0], None)
    if nodes := captures.get("group"):
        return _Found("group", "", nodes[0], nodes[0].start_point[0], None)
    if not (named := captures.get("name")):
        return None
    for capture, nodes in captures.items():
        if capture == "scope" or capture.startswith("definition."):
            node, body = nodes[0], captures.get("body")
            inner = body[0] if body else _body(node)
            kind = capture.removeprefix("definition.")
            owner = _text(source, captures["parent"][0]).partition("<")[0] if "parent" in captures else ""
            return _Found(kind, _text(source, named[0]), node, named[0].start_point[0], inner, owner)
    return None


def _body(node: Node) -> Node | None:
    return node.child_by_field_name("body") or node.child_by_field_name("accessors")


_WORD = re.compile(r"[^\W\d]\w*")


def _text(source: bytes, node: Node) -> str:
    return source[node.start_byte : node.end_byte].decode("utf-8", "replace")


def _entry(found: _Found, rows: Sequence[str], record: Language) -> Entry | None:
    """Return the entry of a node; None where its row is so long that nobody reads it."""
    node, body = found.node, found.body
    first, last = node.start_point[0], _last_row(node)
    while first < found.name_row and _ANNOTATION.match(rows[first]):
        first += 1
    head = _header_end(found, rows, first, last)
    header = _header(rows, first, head, record)
    if len(rows[first]) > _LONGEST_ROW or len(header) > 2 * _LONGEST_ROW:
        return None
    if first == head == last:
        header = _without_comment(header, node, record)
    if body is not None and body.start_point[0] > head and rows[body.start_point[0]].lstrip().startswith("{"):
        header += " {"  # it opens on a row of its own
    closer = _closer(found, rows, last, header) if last > head else ""
    header = "\n".join([*_short_decorators(node, rows), header])
    names = tuple(dict.fromkeys(found.name.split() if found.kind == "import" else (found.name,)))
    return Entry(found.kind, names, header, closer, first + 1, head + 1, last + 1, owner=found.owner)


def _header_end(found: _Found, rows: Sequence[str], first: int, last: int) -> int:
    """Return the last row of what is said before the body."""
    if found.kind == "import":
        return last if last - first < _MOST_IMPORT_ROWS else first
    body = found.body
    if body is None and found.kind in _CALLED and last - first <= _LONGEST_HEADER_ROWS:
        return last  # a prototype
    if body is None or body.start_point[0] - first > _LONGEST_HEADER_ROWS:
        near = first <= found.name_row <= first + _MOST_ROWS_ABOVE_NAME
        return found.name_row if near and not rows[first].rstrip().endswith(tuple(_OPENERS.values())) else first
    row, column = body.start_point
    if row > first and not rows[row][: _characters(rows[row], column)].strip():
        row -= 1
        while row > first and not rows[row].strip():
            row -= 1
    return row


def _characters(row: str, column: int) -> int:
    """Return the place in characters of a column, which counts bytes."""
    return column if row.isascii() else len(row.encode()[:column].decode("utf-8", "ignore"))


def _header(rows: Sequence[str], first: int, head: int, record: Language) -> str:
    """Return the rows of a header, joined to one where they hold no comment and are no row for row."""
    said = [row.rstrip(" \t\r\\") for row in rows[first : head + 1]]
    if len(said) == 1:
        return said[0]
    if any(mark in row for row in said for mark in record.comments.line):
        return "\n".join(said) if len(said) <= _MOST_COMMENTED_ROWS else said[0]
    blanks = said[0][: len(said[0]) - len(said[0].lstrip())]
    joined = " ".join(row.strip() for row in said if row.strip())
    for loose, tight in (("( ", "("), (" )", ")"), (",)", ")"), ("[ ", "["), (" ]", "]")):
        joined = joined.replace(loose, tight)
    if len(joined) > _LONGEST_ROW and (end := joined.rfind(")")) > _LONGEST_ROW:
        joined = f"{joined[:_LONGEST_ROW].rpartition(',')[0]}, ...{joined[end:]}"
    return blanks + joined


def _without_comment(header: str, node: Node, record: Language) -> str:
    """Return a row without the comment behind its node."""
    row, column = node.end_point
    end = _characters(header, column)
    marks = (*record.comments.line, *(begin for begin, _ in record.comments.block))
    behind = header[end:].lstrip(" \t;,")
    return (
        header[: len(header) - len(behind)].rstrip()
        if row == node.start_point[0] and behind.startswith(marks)
        else header
    )


def _short_decorators(node: Node, rows: Sequence[str]) -> Iterator[str]:
    """Yield the decorators above a definition that take no arguments: they tell how it is used (``@property``)."""
    above = node.start_point[0] - 1
    around = node.parent if above >= 0 and _ANNOTATION.match(rows[above]) else None
    if around is None or around.type != _DECORATED:
        return
    for each in around.named_children:
        if each.type == "decorator" and each.start_point[0] == each.end_point[0]:
            row = rows[each.start_point[0]].rstrip()
            if "(" not in row:
                yield row


def _closer(found: _Found, rows: Sequence[str], last: int, header: str) -> str:
    """Return the row that ends an entry: a bracket that its header opens, ``end``, or what names it at last (C)."""
    node, row = found.node, rows[last].rstrip()
    said = row.lstrip()
    named_last = found.name_row == last
    if not said or len(said) > (_LONGEST_NAMED_CLOSER if named_last else _LONGEST_CLOSER):
        return ""
    opener = _OPENERS.get(said[0])
    if opener is not None and header.count(opener) <= header.count(said[0]):
        return ""
    return row if _begins_by_ending(node, (last, len(row[: len(row) - len(said)].encode()))) else ""


def _begins_by_ending(node: Node, place: tuple[int, int]) -> bool:
    """Return whether what stands at a place in a node's last row is a sign or word of a part that began before it.

    From the node down: a node's parent is looked for from the root, which takes long in a wide tree.
    """
    while node.child_count:
        index = node.child_count - 1
        while index and node.child(index).start_point > place:
            index -= 1
        child = node.child(index)
        if child.start_point == place:
            return index > 0 and not child.is_named
        node = child
    return False


def _last_row(node: Node) -> int:
    row, column = node.end_point
    return row - 1 if column == 0 and row > node.start_point[0] else row
