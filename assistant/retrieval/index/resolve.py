"""Which files of the workspace an import may mean: what its language guesses, the surest first.

Nothing is read: the index knows which of the guesses exist.
"""

from __future__ import annotations

import posixpath

from assistant.languages import language_named
from assistant.languages.import_paths import Guess, paths

# A path with one of these as a part leads nowhere, or out of the workspace.
_NO_PARTS = frozenset({"", ".", ".."})
_LONGEST = 400


def guesses(module: str, from_path: str, language: str | None) -> list[Guess]:
    """Return what ``module`` in a file of ``language`` at ``from_path`` may mean, the surest guess first."""
    record = language_named(language)
    text = module.strip().strip("\"'<>")
    if record is None or record.import_separator != "\\":
        text = text.replace("\\", "/")
    if not text or len(text) > _LONGEST:
        return []
    resolve = record.import_paths if record is not None and record.import_paths is not None else paths
    found = resolve(text, posixpath.dirname(from_path))
    return [guess for guess in dict.fromkeys(found) if not _NO_PARTS.intersection(guess.path.split("/"))]
