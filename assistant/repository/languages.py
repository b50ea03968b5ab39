"""The languages that are parsed, how files are told to be of one, and their tree-sitter grammars, loaded once used."""

from __future__ import annotations

import functools
import importlib
import time
from pathlib import PurePosixPath

from tree_sitter import Language, Parser, Tree

# Name: (module of the grammar's wheel, function there, endings of files). The endings are lower case.
_LANGUAGES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "python": ("tree_sitter_python", "language", (".py", ".pyi", ".pyw")),
    "javascript": ("tree_sitter_javascript", "language", (".js", ".jsx", ".mjs", ".cjs")),
    "typescript": ("tree_sitter_typescript", "language_typescript", (".ts", ".mts", ".cts")),
    "tsx": ("tree_sitter_typescript", "language_tsx", (".tsx",)),
    "java": ("tree_sitter_java", "language", (".java",)),
    "go": ("tree_sitter_go", "language", (".go",)),
    "rust": ("tree_sitter_rust", "language", (".rs",)),
    "c": ("tree_sitter_c", "language", (".c",)),
    # A header may be either; the grammar of C++ reads nearly all of C.
    "cpp": ("tree_sitter_cpp", "language", (".cpp", ".cc", ".cxx", ".hpp", ".hh", ".hxx", ".h", ".ipp", ".inl")),
    "c_sharp": ("tree_sitter_c_sharp", "language", (".cs",)),
    "ruby": ("tree_sitter_ruby", "language", (".rb", ".rake", ".gemspec")),
    "php": ("tree_sitter_php", "language_php", (".php", ".phtml")),
    "bash": ("tree_sitter_bash", "language", (".sh", ".bash")),
    "html": ("tree_sitter_html", "language", (".html", ".htm", ".xhtml")),
    "css": ("tree_sitter_css", "language", (".css",)),
    "json": ("tree_sitter_json", "language", (".json",)),
}
LANGUAGES = tuple(_LANGUAGES)
_BY_ENDING = {ending: name for name, (_, _, endings) in _LANGUAGES.items() for ending in endings}
_BY_NAME = {"rakefile": "ruby", "gemfile": "ruby", ".bashrc": "bash", ".profile": "bash", "pkgbuild": "bash"}


def language_of(path: str) -> str | None:
    """Return the language of a file by its name, or None where no grammar is known for it."""
    name = PurePosixPath(path.replace("\\", "/")).name.lower()
    return _BY_NAME.get(name) or _BY_ENDING.get(PurePosixPath(name).suffix)


@functools.cache
def grammar(language: str) -> Language:
    """Return the grammar of one of LANGUAGES; loading it takes about a millisecond."""
    module, function, _ = _LANGUAGES[language]
    pointer: object = getattr(importlib.import_module(module), function)()
    return Language(pointer)


def parse(language: str, source: bytes, old: Tree | None = None) -> Tree:
    """Return the syntax tree of UTF-8 ``source`` in one of LANGUAGES; errors are nodes of it.

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
