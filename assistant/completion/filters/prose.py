"""What belongs into a conversation and not into a source file: fences around code, and sentences about it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tree_sitter import Node

from assistant.completion.brackets import brackets_of
from assistant.completion.filters.commented import closed
from assistant.completion.filters.draft import Hole
from assistant.completion.syntax import WINDOW_CHARS, errors_with
from assistant.languages import language_named
from assistant.repository.parsing import parse

FENCE = "```"
_FENCE_LINE = re.compile(r"^[ \t]*```", re.MULTILINE)
# A capital letter, and then words with the signs of a sentence between them: no brackets, no operators.
_SENTENCE = re.compile(r"[A-Z][\w'’`\".,:;!?\- ]*")
_WORD = re.compile(r"[\w$@]+")
_NAMES = 3
"""A sentence has at least so many words that are no keywords of the language."""


def fence(hole: Hole, kept: Sequence[str], line: str) -> bool:
    """Return whether a line begins a fence around code where that is no text: in all but Markdown."""
    own = line if kept else line[len(hole.syntax.line) :]
    return own.lstrip().startswith(FENCE) and not _has_fences(hole) and _is_code_after(hole, kept)


def may_be_fence(hole: Hole, kept: Sequence[str], partial: str) -> bool:
    """Return whether the line that is being written is a fence or may become one."""
    own = (partial if kept else partial[len(hole.syntax.line) :]).lstrip()
    return bool(own) and (FENCE.startswith(own) or own.startswith(FENCE)) and not _has_fences(hole)


def prose(hole: Hole, kept: Sequence[str], line: str) -> bool:
    """Return whether an answer begins with a sentence where a statement belongs: it is no code by the grammar.

    It parses neither alone nor where it stands, as far as a file with errors tells, and has three words at least that
    are only names to the grammar.
    """
    if not may_be_prose(hole, kept, line):
        return False
    record, text = language_named(hole.syntax.language), line.strip()
    if record is None or record.grammar is None or not record.is_code or not _is_code_after(hole, kept):
        return False
    whole = closed(text, record.name)
    alone = parse(record.name, whole.encode("utf-8", "replace")).root_node
    if not alone.has_error or (hole.syntax.errors == 0 and errors_with(hole.syntax, whole) == 0):
        return False
    return sum(map(str.isalpha, _WORD.findall(text))) - sum(1 for _ in _keywords(alone)) >= _NAMES


def may_be_prose(hole: Hole, kept: Sequence[str], partial: str) -> bool:
    """Return whether an answer so far is, or may become, a sentence at a place of code."""
    syntax = hole.syntax
    if syntax.line.strip() or syntax.line_suffix.strip() or syntax.in_text or any(line.strip() for line in kept):
        return False
    return bool(_SENTENCE.fullmatch(partial.strip()))


def _has_fences(hole: Hole) -> bool:
    """Return whether fences belong to the language, or to a file of which nobody knows what it is."""
    syntax = hole.syntax
    record = language_named(syntax.language)
    if record is not None:
        return record.fences
    return any(_FENCE_LINE.search(text) for text in (syntax.before[-WINDOW_CHARS:], syntax.after[:WINDOW_CHARS]))


def _is_code_after(hole: Hole, kept: Sequence[str]) -> bool:
    """Return whether these lines end neither inside of a string nor of a comment: a bracket there would be one."""
    if hole.syntax.in_text:
        return False
    written = "".join(f"{line}\n" for line in kept)[len(hole.syntax.line) :] if kept else ""
    text = (hole.syntax.before + written)[-WINDOW_CHARS:]
    *_, last = [-1, *(place for place, _ in brackets_of(text + "(", hole.syntax.language))]
    return last == len(text)


def _keywords(node: Node) -> Iterator[Node]:
    """Yield the words of a tree that belong to the language."""
    if not node.child_count and not node.is_named and node.type.isalpha():
        yield node
    for child in node.children:
        yield from _keywords(child)
