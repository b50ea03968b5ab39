"""Files that are whole or not there, and that outlive a power cut."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path


def write_file(path: Path, content: bytes) -> None:
    """Write a file in place of what was there. Raises OSError, and then nothing has changed."""
    part = path.with_name(path.name + ".part")
    try:
        _fill(part, content)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    _sync(path.parent)


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder of files in place of what was there. Raises OSError, and then nothing has changed.

    A kill in the moment between two renames leaves the old one as ``<name>.gone``, which ``mend`` puts back.
    """
    part, gone = folder.with_name(folder.name + ".part"), folder.with_name(folder.name + ".gone")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        for name, content in files.items():
            _fill(part / name, content)
        _sync(part)
        if folder.exists():  # rename does not replace a folder that holds files
            shutil.rmtree(gone, ignore_errors=True)
            folder.rename(gone)
        part.rename(folder)
    except OSError:
        shutil.rmtree(part, ignore_errors=True)
        raise
    _sync(folder.parent)
    shutil.rmtree(gone, ignore_errors=True)


def mend(folder: Path) -> None:
    """Put a folder back where a kill came between taking the old one away and putting the new one there."""
    gone = folder.with_name(folder.name + ".gone")
    if gone.exists() and not folder.exists():
        gone.rename(folder)


def _fill(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Make the names in a folder outlive a power cut, where the system can."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
