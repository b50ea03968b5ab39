"""From the text of a file to what the index keeps of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tree_sitter import Tree

from assistant.languages import language_of
from assistant.repository.chunks import split_lines, split_syntax
from assistant.repository.parsing import parse_within
from assistant.repository.symbols import Facts, read_facts

_MOST_SECONDS = 2.0
_MOST_IN_AN_ERROR = 2000


@dataclass(frozen=True, slots=True)
class ChunkText:
    """A chunk with its text: whole lines, 1-based and inclusive, line feeds between them."""

    first_line: int
    last_line: int
    text: str


@dataclass(frozen=True, slots=True)
class FileContent:
    """What is kept of a file. ``uses`` are the lines on which each name is used; ``lines`` how many lines it has."""

    language: str | None
    lines: int
    facts: Facts
    chunks: tuple[ChunkText, ...]
    uses: Mapping[str, list[int]] = field(default_factory=dict[str, list[int]])


def analyse(path: str, text: str) -> FileContent:
    """Return what is kept of ``text``, a file's whole text with line feeds; path or first line tell the language."""
    language = language_of(path, text)
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    source = text.encode("utf-8", "replace")
    tree = parse_within(language, source, _MOST_SECONDS) if language else None
    if language is None or tree is None or _is_no_code(tree):
        facts, chunks = Facts(), split_lines(len(lines))
    else:
        facts, chunks = read_facts(language, source, tree), split_syntax(tree, len(lines))
    uses: dict[str, list[int]] = {}
    for reference in facts.references:
        on_lines = uses.setdefault(reference.name, [])
        if not on_lines or on_lines[-1] != reference.line:
            on_lines.append(reference.line)
    texts = (ChunkText(c.first_line, c.last_line, "\n".join(lines[c.first_line - 1 : c.last_line])) for c in chunks)
    return FileContent(language, len(lines), facts, tuple(texts), uses)


def _is_no_code(tree: Tree) -> bool:
    """Return whether a whole long file is one error: a query over that takes time by the square of its length."""
    root = tree.root_node
    return root.is_error and root.child_count > _MOST_IN_AN_ERROR
