"""The tree-sitter grammars of the languages, loaded once used, and syntax trees by them."""

from __future__ import annotations

import functools
import importlib
import time

from tree_sitter import Language, Parser, Tree

from assistant.languages import language_named


def grammar(language: str) -> Language:
    """Return the grammar of a language that has one; loading it takes about a millisecond. Raises KeyError."""
    record = language_named(language)
    if record is None or record.grammar is None:
        raise KeyError(language)
    return _load(*record.grammar)


@functools.cache
def _load(module: str, function: str) -> Language:
    pointer: object = getattr(importlib.import_module(module), function)()
    return Language(pointer)


def parse(language: str, source: bytes, old: Tree | None = None) -> Tree:
    """Return the syntax tree of UTF-8 ``source`` in a language that has a grammar; errors are nodes of it.

    ``old`` is an earlier tree of the same text that was told of the edits since (``Tree.edit``): only what changed is
    parsed anew. A parser belongs to one thread, so each call has its own.
    """
    parser = Parser(grammar(language))
    return parser.parse(source) if old is None else parser.parse(source, old)


_READ_BYTES = 1 << 12


def parse_within(language: str, source: bytes, seconds: float) -> Tree | None:
    """Return the syntax tree of UTF-8 ``source``, or None where that takes this thread longer than ``seconds``.

    Text that is no code of the language can take time that grows with the square of its length. Take names from
    ``source``, not from the nodes' ``text``, for which the source is read anew.
    """
    end = time.thread_time() + seconds
    parser = Parser(grammar(language))
    try:
        return parser.parse(
            lambda offset, _point: source[offset : offset + _READ_BYTES],
            progress_callback=lambda _offset, _error: time.thread_time() > end,
        )
    except ValueError:
        return None
