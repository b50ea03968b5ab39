"""From the captures of an import statement to its modules and names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tree_sitter import Node

from assistant.languages import language_named


@dataclass(frozen=True, slots=True)
class Import:
    """What one name of an import statement says; ``line`` is 1-based.

    ``module`` is as written (``..relative``, ``./file``, ``a.b``, ``crate::x``). ``name`` is what is taken from it
    (``*`` for all), empty for the module itself. ``alias`` is what it is called here, where that differs.
    """

    module: str
    name: str
    alias: str
    line: int


_QUOTES = "\"'`<>"
_SPACE = re.compile(r"\s+")
_LONGEST = 300


def read_imports(language: str, source: bytes, captures: Mapping[str, Sequence[Node]]) -> Iterator[Import]:
    """Yield what one match of a query says of an import."""

    def text(capture: str) -> str:
        nodes = captures.get(capture)
        return source[nodes[0].start_byte : nodes[0].end_byte].decode("utf-8", "replace") if nodes else ""

    line = captures["import"][0].start_point[0] + 1
    if "use" in captures:
        for module, name, alias in _expand(text("use")):
            yield Import(module, name, alias, line)
        return
    module = text("module").strip(_QUOTES)
    if prefix := text("prefix"):
        module = f"{prefix}\\{module}"
    name, alias = text("imported"), text("alias")
    if "default" in captures:
        name, alias = "default", text("default")
    elif "namespace" in captures:
        name, alias = "*", text("namespace")
    elif not name and (separator := _separator(language)) and not module.endswith((".php", ".inc")):
        name = module.rpartition(separator)[2]
    if module and len(module) <= _LONGEST:
        yield Import(module, name, alias if alias != name else "", line)


def _separator(language: str) -> str:
    record = language_named(language)
    return record.import_separator if record else ""


def without_repeats(imports: Sequence[Import]) -> tuple[Import, ...]:
    """Return the imports in order, each once, and a bare module only where no name is taken from it in that line."""
    named = {(one.module, one.line) for one in imports if one.name}
    starred = {(one.module, one.line) for one in imports if one.name == "*"}
    kept = (
        one
        for one in dict.fromkeys(imports)
        if (one.name or (one.module, one.line) not in named)
        and not (one.name and one.name == one.module.rpartition(".")[2] and (one.module, one.line) in starred)
    )
    return tuple(kept)


def _expand(path: str) -> Iterator[tuple[str, str, str]]:
    """Yield (module, name, alias) of each leaf of a path of Rust: ``a::{b, c as d, e::*}``."""
    waiting = [("", _SPACE.sub(" ", path).strip())]
    while waiting:
        prefix, text = waiting.pop()
        if text.endswith("}") and "{" in text:
            head, _, group = text[:-1].partition("{")
            waiting += [(prefix + head.replace(" ", ""), part) for part in reversed(_split(group))]
            continue
        whole, _, alias = (prefix + text).partition(" as ")
        whole = whole.replace(" ", "").removesuffix("::self")
        module, _, name = whole.rpartition("::")
        if whole and len(whole) <= _LONGEST:
            yield (module, name, alias.strip()) if module else (name, "", alias.strip())


def _split(group: str) -> list[str]:
    """Return the parts of a list at its own commas, not at those of the lists in it."""
    parts, depth, start = list[str](), 0, 0
    for index, character in enumerate(group):
        depth += (character == "{") - (character == "}")
        if character == "," and depth == 0:
            parts.append(group[start:index].strip())
            start = index + 1
    return [part for part in (*parts, group[start:].strip()) if part]
