"""Bytes on disk: hashing with progress, and room on the disk."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from assistant.errors import DiskError

BLOCK = 1 << 20

# Room that is left over on the disk, so that the rest of the machine goes on working.
_MARGIN_BYTES = 300_000_000


def hash_file(path: Path, advance: Callable[[int], None] | None = None) -> str:
    """Return the SHA-256 of a file as 64 hex digits; ``advance`` is told the bytes of each block read."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
            if advance:
                advance(len(block))
    return digest.hexdigest()


def human_bytes(count: float) -> str:
    """Return a size for people, in decimal units: ``491 MB``."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 999.5 or unit == "GB":
            return f"{count:.0f} {unit}" if unit in ("bytes", "kB", "MB") else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError("the loop ends at GB")


def free_bytes(folder: Path) -> int:
    """Return the free bytes of the disk that holds, or would hold, the folder."""
    return shutil.disk_usage(nearest(folder)).free


def nearest(folder: Path) -> Path:
    """Return the folder, or the closest one above it that is there and may be seen."""
    there = folder.absolute()
    while not os.path.exists(there):  # noqa: PTH110 - Path.exists raises where a folder above may not be entered
        there = there.parent
    return there


def check_space(needs: list[tuple[Path, int]], what: str) -> None:
    """Check that there is room for each ``(folder, bytes)``, adding up those on one disk.

    Raises DiskError with what is needed and what is free.
    """
    by_disk: dict[int, tuple[Path, int]] = {}
    for folder, count in needs:
        disk = nearest(folder).stat().st_dev
        by_disk[disk] = (folder, by_disk.get(disk, (folder, _MARGIN_BYTES))[1] + count)
    for folder, count in by_disk.values():
        free = free_bytes(folder)
        if free < count:
            raise DiskError(
                f"{what} needs {human_bytes(count)} of free disk space for {folder}, and there are "
                f"{human_bytes(free)}: free some, or set GRAFTER_HOME to a folder on a larger disk."
            )
