"""The tree-sitter queries of resources/queries, one file for each language.

A file may begin with ``; inherits: NAME NAME``: the patterns of those files come first. What the captures mean:

``@definition.KIND`` a definition, with ``@name`` its name; ``@parent`` the name of its class where that is written
    beside it; ``@body`` where its signature ends, unless the node has a field ``body``. Of several patterns that give
    one name, the first counts.
``@scope`` with ``@name``: no definition, but the parent of those inside (``impl`` in Rust).
``@reference`` a name that is used.
``@import`` an import statement, with ``@module`` and, where one name is taken, ``@imported`` and ``@alias``.
    ``@default`` and ``@namespace`` are what a module's default and all of it are called; ``@prefix`` stands before the
    module; ``@use`` is a whole path of Rust.
``@_anything``: only for predicates.

``#set!`` beside another predicate crashes py-tree-sitter 0.26, so it is not used.
"""

from __future__ import annotations

import functools
import importlib.resources
from pathlib import Path

from tree_sitter import Query

from assistant.languages import language_named
from assistant.repository.parsing import grammar

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
