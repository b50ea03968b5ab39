"""Names of files that are not UTF-8: Python keeps their bytes as lone surrogates, which vanish on the way into Qt."""

from __future__ import annotations

import os
from pathlib import Path


def shown(name: str) -> str:
    r"""Return a name, or a path, for people and for Qt: bytes of it that are not UTF-8 are written as ``\xe9``."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def is_known_to_qt(path: Path) -> bool:
    """Return whether Qt can name this file."""
    return shown(str(path)) == str(path)


def path_of_shown(path: Path) -> Path:
    """Return the file that Qt means by a path in which U+FFFD stands for bytes that are not UTF-8."""
    if "\ufffd" not in path.name or os.path.lexists(path):
        return path
    try:
        names = os.listdir(path.parent)  # noqa: PTH208 - names, not paths
    except OSError:
        return path
    same = [name for name in names if os.fsencode(name).decode("utf-8", "replace") == path.name]
    return path.with_name(same[0]) if len(same) == 1 else path
