"""Code that a model would rather comment out than leave unsaid."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tree_sitter import Node

from assistant.completion.brackets import open_brackets
from assistant.completion.filters.draft import Draft, Hole
from assistant.completion.syntax import Syntax, errors_with
from assistant.languages import Comments, language_named
from assistant.repository.parsing import parse

_CLOSING = {"(": ")", "[": "]", "{": "}"}
# What a sentence has not.
_SIGN = re.compile(r"[^\w\s.,:'\"!?-]")


def commented_out(hole: Hole, draft: Draft) -> Draft | None:
    """Show nothing of a second beginning that is code behind the sign of a comment: the first was that code itself."""
    if not hole.begun_otherwise or hole.syntax.in_text or hole.syntax.line.strip():
        return draft
    return None if is_commented_out(hole.syntax, draft.text) else draft


def is_commented_out(syntax: Syntax, text: str) -> bool:
    """Return whether a text begins with code in comments: it parses without them, or stands below the cursor."""
    record = language_named(syntax.language)
    if record is None:
        return False
    lines = _out_of_comments(text, record.comments)
    below = {line.strip() for line in syntax.below}
    if any(line in below for line in lines if any(map(str.isalnum, line))):
        return True
    if record.grammar is None or not lines:
        return False
    return any(_is_code("\n".join(some), record.name, syntax) for some in (lines, lines[:1]))


def begins_comment(line: str, comments: Comments) -> bool:
    """Return whether a line, its blanks taken off, begins with a comment."""
    return comments.begins(line) or line.startswith(tuple(opens for opens, _ in comments.block))


def _out_of_comments(text: str, comments: Comments) -> Sequence[str]:
    """Return the comments with which a text begins, line by line without their signs."""
    found: list[str] = []
    end = ""
    for line in filter(None, map(str.strip, text.split("\n"))):
        block = next(((opens, closes) for opens, closes in comments.block if line.startswith(opens)), None)
        bare = line
        if not end and block is not None:
            bare, end = line.removeprefix(block[0]), block[1]
        elif not end and comments.begins(line):
            mark = max((mark for mark in comments.line if line.startswith(mark)), key=len)
            bare = line.removeprefix(mark).lstrip(mark[-1] + "!")
        elif not end:
            break
        if end and end in bare:
            bare, end = bare.partition(end)[0], ""
        found.append(bare.strip())
    return [line for line in found if line]


def _is_code(text: str, language: str, syntax: Syntax) -> bool:
    """Return whether a text is right by the grammar, alone or at the cursor, and says so by a sign or a keyword."""
    whole = closed(text, language)
    root = parse(language, whole.encode("utf-8", "replace")).root_node
    if not root.has_error and _has_sign(root):
        return True
    return bool(_SIGN.search(text)) and syntax.errors == 0 and errors_with(syntax, whole) == 0


def closed(text: str, language: str) -> str:
    """Return a text with the brackets behind it that it opens and does not close."""
    return text + "".join(_CLOSING[bracket] for bracket in reversed(open_brackets(text, language)))


def _has_sign(node: Node) -> bool:
    return (not node.is_named and bool((node.text or b"").strip())) or any(map(_has_sign, node.children))
