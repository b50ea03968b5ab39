"""Real code to measure with: Python's standard library, read where this program runs, so that none is shipped."""

from __future__ import annotations

import importlib.util
import random
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

from assistant.errors import InputError

CountTokens = Callable[[str], int]

_LEAST_BYTES = 24_000
# More characters than ordinary code has for a token, fewer than would be slow to count.
_CHARS_PER_TOKEN = 12
# The number of tokens of a growing text goes down now and then, so the exact one may lie a little further on.
_LOOK_AHEAD = 80
_TRIES = 200


def library_file(module: str) -> Path:
    """Return the source of a module of the standard library. Raises InputError where it cannot be had."""
    if module.partition(".")[0] not in sys.stdlib_module_names:
        raise InputError(f"'{module}' is not a module of Python's standard library; name the file with --file.")
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        spec = None
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        raise InputError(f"This Python has no source of its module '{module}'; name a copy of it with --file.")
    return Path(spec.origin)


def read_source(path: Path) -> str:
    """Return a file's text with line feeds as line ends. Raises InputError."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{path} is not a text in UTF-8.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None


class Pieces:
    """Pieces of the standard library's code, each of an exact number of tokens and none given twice.

    They begin at a line in the middle of a file, so that the text goes on and nothing is read from a cache.
    """

    def __init__(self, count: CountTokens, folder: Path | None = None, seed: int = 0) -> None:
        """``count`` is the model's own tokenizer; the same seed gives the same pieces from the same Python.

        Raises InputError where this Python comes without sources.
        """
        self._count = count
        self._draw = random.Random(seed)  # noqa: S311 - a choice of texts, no secret
        folder = folder or Path(sysconfig.get_path("stdlib"))
        self._files = [path for path in sorted(folder.glob("*.py")) if path.stat().st_size >= _LEAST_BYTES]
        if not self._files:
            raise InputError(
                f"There are no sources of Python's standard library in {folder}, which this measures with."
            )
        self._draw.shuffle(self._files)
        self._next = 0
        self._given: set[tuple[Path, int]] = set()

    def take(self, tokens: int) -> str:
        """Return the next piece of exactly ``tokens`` tokens. Raises InputError where no file is long enough."""
        for _ in range(_TRIES):
            path = self._files[self._next % len(self._files)]
            self._next += 1
            lines = read_source(path).splitlines(keepends=True)
            start = self._draw.randrange(len(lines) // 8, len(lines) // 2)
            if (path, start) in self._given or not lines[start].strip():
                continue
            text = "".join(lines[start:])[: tokens * _CHARS_PER_TOKEN]
            piece = cut_to(text, tokens, self._count)
            if piece is not None:
                self._given.add((path, start))
                return piece
        raise InputError(f"Python's standard library has no piece of {tokens} tokens; ask for fewer.")


def cut_to(text: str, tokens: int, count: CountTokens) -> str | None:
    """Return the beginning of ``text`` that has exactly ``tokens`` tokens; None where none has."""
    if count(text) < tokens:
        return None
    low, high = 0, len(text)
    while low < high:
        middle = (low + high) // 2
        if count(text[:middle]) >= tokens:
            high = middle
        else:
            low = middle + 1
    for end in range(low, min(low + _LOOK_AHEAD, len(text)) + 1):
        if count(text[:end]) == tokens:
            return text[:end]
    return None
