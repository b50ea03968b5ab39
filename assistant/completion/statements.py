"""Whether what was written is whole statements: asked of the tree of the file with it, and of what stands below.

A head without its body has errors, or takes what stands below for one: then a node of the tree begins in what was
written and ends below. Where there is no grammar, or the file has errors all around, the language's record tells.
"""

from __future__ import annotations

import functools
import re
import string
from dataclasses import dataclass

from tree_sitter import Node

from assistant.completion.brackets import open_brackets
from assistant.completion.syntax import Syntax, count_errors, count_stray_ends, node_below, tree_with
from assistant.languages import Comments, Language, first_word, language_named

_CLOSING = (")", "]", "}", "</", "/>")
_WORDS = tuple(string.ascii_lowercase)
_SIGNS = ")]}>;, \t"
_BLANKS_OF_DIRECTIVE = re.compile(r"^#[ \t]+")
_ASIDE = frozenset(
    {
        "attribute_item",
        "attribute_list",
        "attribute_declaration",
        "attribute_specifier",
        "decorator",
        "annotation",
        "marker_annotation",
    }
)
"""Nodes beside comments that say something of the statement below them, and are none by themselves."""
_HEADED = frozenset({"template_declaration"})
"""Nodes that hold what they say something of, behind their ``parameters``."""
_UNKNOWN = Language(name="", comments=Comments(("#", "//")))


@dataclass(frozen=True, slots=True)
class Standing:
    """How a text stands in the tree of its file: ``is_sure`` is False where that has errors around it anyway.

    ``wrong``: it is in error, or brings errors; ``errors`` are those of the file with it. ``crosses`` is the offset in
    the text, in bytes, of what begins there and ends below; None where nothing does. ``joins``: what stands below goes
    on with an expression of the text, by a sign that joins its parts. ``says_nothing``: it is comments and attributes
    alone.
    """

    is_sure: bool
    wrong: bool
    errors: int
    crosses: int | None
    joins: bool
    says_nothing: bool


def record_of(syntax: Syntax) -> Language:
    """Return the record of the cursor's language, or one of a language that nobody knows."""
    return language_named(syntax.language) or _UNKNOWN


def is_whole(syntax: Syntax, text: str) -> bool:
    """Return whether ``text``, written at the cursor up to the end of a line, is whole statements."""
    record = record_of(syntax)
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if not lines or lines[-1].endswith("\\") or open_brackets(text, syntax.language):
        return False
    if all(is_aside(line, record.comments) for line in lines):
        return False
    # Grammars forgive some heads without a body.
    if opens_block(lines[-1], record):
        return False
    ends_by_word = record.blocks.ends and lines[0].endswith(_WORDS) and opens_block(lines[0], record)
    if ends_by_word and not is_closing(lines[-1], syntax):
        return False
    found = standing(syntax, text)
    if found is not None and (found.is_sure or found.crosses is not None):
        return not found.wrong and found.crosses is None and not found.says_nothing
    return _looks_whole(lines, record)


def is_aside(line: str, comments: Comments) -> bool:
    """Return whether a line, its blanks taken off, is a comment, or an attribute of what stands below it."""
    begins_block = any(line.startswith(begin) for begin, _ in comments.block)
    return comments.begins(line) or begins_block or line.startswith(("@", "#["))


def opens_block(line: str, record: Language) -> bool:
    """Return whether a line, its blanks taken off, is the head of a block that begins below it."""
    return record.blocks.begins_block(_without_comment(line, record.comments).rstrip())


def is_closing(line: str, syntax: Syntax) -> bool:
    """Return whether a line does nothing but end what was begun above it: ``});``, ``end``, ``fi``, ``</ul>``."""
    record = record_of(syntax)
    bare = _BLANKS_OF_DIRECTIVE.sub("#", _without_comment(line, record.comments).strip())
    word = first_word(bare)
    if word in record.blocks.ends:
        bare = bare.replace(word, "", 1)
    elif not bare.startswith(_CLOSING):
        return False
    if bare.startswith("</"):
        return bare.endswith(">") and bare.count("<") == 1
    return not bare.replace("()", "").strip(_SIGNS)


def goes_on(line: str, syntax: Syntax) -> bool:
    """Return whether a line, its blanks taken off, belongs to the statement that stands above it at its depth."""
    return line.startswith((*_CLOSING, "{")) or record_of(syntax).blocks.goes_on(line)


def may_be_parted(first: str, syntax: Syntax) -> bool:
    """Return whether a statement that begins with this line may have a further part below its end."""
    return first_word(first) in record_of(syntax).blocks.parted


def closes_open(syntax: Syntax, text: str) -> bool:
    """Return whether ``text``, which ends in a closing line, closes what nothing below closes: it costs no error."""
    if syntax.errors is None:
        return True
    found = standing(syntax, text)
    return found is not None and 0 < syntax.errors >= found.errors


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a text of ``size`` bytes stands in ``source``: its first sign, the end of its last, the next one behind."""

    source: bytes
    size: int
    start: int
    end: int
    behind: int


@functools.lru_cache(maxsize=16)
def standing(syntax: Syntax, text: str) -> Standing | None:
    """Return how ``text`` stands in the tree; None without a grammar."""
    found = tree_with(syntax, text)
    if found is None:
        return None
    tree, source, left = found
    root, end = tree.root_node, left + len(_encode(text.rstrip()))
    place = _Place(source, len(_encode(text)), _skip_blanks(source, left), end, _skip_blanks(source, end))
    node = root.descendant_for_byte_range(end - 1, min(place.behind + 1, len(source)))
    joins = _joins(root, place)
    crosses = _crossing(syntax, node, place, joins=joins) if node and place.behind < len(source) else None
    was_right = syntax.errors == 0
    return Standing(
        is_sure=was_right or not _is_in_error(node),
        wrong=root.has_error and (was_right or _has_error(root, place.start, place.behind)),
        errors=count_errors(root) + count_stray_ends(tree, syntax.language),
        crosses=None if crosses is None else crosses - left,
        joins=joins,
        says_nothing=_first(root, source, place.start, end, heads=True) is None and not _heads_statement(syntax, node),
    )


def _crossing(syntax: Syntax, node: Node, place: _Place, *, joins: bool) -> int | None:
    """Return where the smallest node around the end of a text begins, if that is in the text.

    A block, which goes on below with statements of its own, is none: without the text it is there, too, with fewer.
    """
    if node.start_byte < place.start or node.parent is None or syntax.tree is None:
        return None
    if joins and place.source[node.start_byte] != place.source[place.behind]:
        return node.start_byte  # but for one more part that begins as the next does: `| A`
    root = syntax.tree.root_node
    below = _first(root, place.source, place.behind, len(place.source), place.size)
    if below is None:
        return None
    old = root.descendant_for_byte_range(below - place.size, below - place.size + 1)
    while old is not None and old.start_byte == below - place.size:
        if old.type == node.type and old.end_byte == node.end_byte - place.size and old.child_count < node.child_count:
            return None
        old = old.parent
    return node.start_byte


def _joins(root: Node, place: _Place) -> bool:
    """Return whether the sign behind a text has a part of the text as its left side: ``.action()``, ``+ 1``."""
    sign = root.descendant_for_byte_range(place.behind, place.behind + 1)
    whole = sign.parent if sign is not None and not sign.is_named else None
    joins = whole is not None and place.start <= whole.start_byte < place.behind
    return joins and not place.source[place.behind : place.behind + 1].isalpha()


def _is_in_error(node: Node | None) -> bool:
    while node is not None and not node.is_error:
        node = node.parent
    return node is not None


def _has_error(root: Node, start: int, end: int) -> bool:
    """Return whether something wrong or missing begins between two places."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if (node.is_error and start <= node.start_byte < end) or (node.is_missing and start <= node.start_byte <= end):
            return True
        waiting += [child for child in node.children if child.has_error or child.is_missing]
    return False


def _first(root: Node, source: bytes, start: int, end: int, shift: int = 0, *, heads: bool = False) -> int | None:
    """Return where the first thing between two places begins that is no comment and no attribute; None: none is.

    With ``heads`` it is no head before a declaration either.
    Places are those of ``source``; the tree begins to differ from it before ``start``, by ``shift`` bytes.
    """
    while start < end:
        node = _aside(root.descendant_for_byte_range(start - shift, start - shift + 1), heads=heads)
        if node is None or node.end_byte + shift <= start:
            return start
        start = _skip_blanks(source, node.end_byte + shift)
    return None


def _heads_statement(syntax: Syntax, node: Node | None) -> bool:
    """Return whether what stands below and has a head now is none that may have one: grammars forgive it."""
    below = node_below(syntax)
    return node is not None and node.type in _HEADED and below is not None and "statement" in below.type


def _aside(node: Node | None, *, heads: bool) -> Node | None:
    """Return the comment or attribute that a node is of, or the head before what it is for; None: it is of neither."""
    while node is not None and node.type not in _ASIDE and "comment" not in node.type:
        if heads and node.type == "template" and node.parent is not None and node.parent.type in _HEADED:
            return node.parent.child_by_field_name("parameters")
        node = node.parent
    return node


def _skip_blanks(source: bytes, place: int) -> int:
    while source[place : place + 1].isspace():
        place += 1
    return place


def _without_comment(line: str, comments: Comments) -> str:
    places = [line.find(mark) for mark in comments.line if mark in line]
    return line[: min(places)] if places else line


def _looks_whole(lines: list[str], record: Language) -> bool:
    """Return whether lines are whole by the record alone: where the end of a line may end a statement, that is next.

    There only the next line tells, by its indentation.
    """
    blocks = record.blocks
    last = _without_comment(lines[-1], record.comments).rstrip()
    if blocks.terminator and blocks.terminator != last[-1:] and not last.endswith("}"):
        return first_word(last) in blocks.ends
    return True


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "replace")
