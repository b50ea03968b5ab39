"""The documentation of a definition: the string it begins with (Python), or the comment above it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence

from tree_sitter import Node

from assistant.languages import Comments, language_named

_MOST_CHARACTERS = 300
_MOST_LINES = 40
# Stand between a comment and what it is about.
_BETWEEN = re.compile(r"@\w|#!?\[|\[\w")
_MARKERS = re.compile(r"^\s*(?:/\*+!?|\*+/|\*(?!/)|//[/!]?|#+|<!--)\s?|\s*(?:\*+/|-->)\s*$")
_TAG = re.compile(r"^\s*[@\\]\w+")
_WORD = re.compile(r"\w")
_XML = re.compile(r"</?\w+[^<>]*>")  # the documentation comments of C#


def doc_string(source: bytes, body: Node | None) -> str:
    """Return the first paragraph of the string that a body in Python begins with."""
    first = body.named_child(0) if body is not None and body.named_child_count else None
    if first is not None and first.type == "expression_statement" and first.named_child_count:
        first = first.named_child(0)
    if first is None or first.type != "string":
        return ""
    end = min(first.end_byte, first.start_byte + 8 * _MOST_CHARACTERS)
    text = source[first.start_byte : end].decode("utf-8", "replace")
    text = text.lstrip("rRuUbB")
    quote = text[:3] if text[:3] in ('"""', "'''") else text[:1]
    return _first_paragraph(inspect.cleandoc(text.removeprefix(quote).removesuffix(quote)).splitlines())


def comment_above(lines: Sequence[str], first_line: int, language: str) -> str:
    """Return the first paragraph of the comment that ends just above a line (from 1) of a file's lines."""
    record = language_named(language)
    comments = record.comments if record else Comments()
    row = first_line - 2
    while row >= 0 and _BETWEEN.match(lines[row].lstrip()):
        row -= 1
    found: list[str] = []
    opens = ""  # of the block comment that this line is in
    while row >= 0 and len(found) < _MOST_LINES:
        line = lines[row].strip()
        if not opens:
            opens = next((begin for begin, end in comments.block if line.endswith(end)), "")
            if not opens and (not comments.begins(line) or line.startswith("#!")):
                break
        found.append(line)
        if opens and opens in line:
            if not line.startswith(opens):
                return ""  # the end of a line of code
            opens = ""
        row -= 1
    words = [_MARKERS.sub("", line) for line in reversed(found)]
    return _first_paragraph([_XML.sub("", line) for line in words] if record and record.doc_markup else words)


def _first_paragraph(lines: Sequence[str]) -> str:
    kept: list[str] = []
    for line in lines:
        if _WORD.search(line) and not _TAG.match(line):
            kept += line.split()
        elif kept:
            break
    text = " ".join(kept)
    return text if len(text) <= _MOST_CHARACTERS else text[:_MOST_CHARACTERS].rsplit(" ", 1)[0] + " …"
