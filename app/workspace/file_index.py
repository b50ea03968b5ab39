"""The files of a folder for quick open: walked in short slices of time, bounded, without the folders nobody opens."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

SKIPPED = frozenset(
    {".git", ".hg", ".svn", "__pycache__", "node_modules", ".venv", "venv", ".tox", ".nox", ".eggs"}
    | {".hypothesis", ".idea", ".gradle", "target", "dist", "build", ".next", ".cache", "site-packages"}
)
_SKIPPED_ENDS = (
    ".pyc",
    ".pyo",
    ".so",
    ".o",
    ".a",
    ".dll",
    ".exe",
    ".png",
    ".jpg",
    ".jpeg",
    ".gif",
    ".ico",
    ".zip",
    ".gz",
)
_SLICE_MS = 8
LIMIT = 20_000


def walk(folder: Path, skipped: frozenset[str] = SKIPPED) -> Iterator[str | None]:
    """Yield paths relative to ``folder`` with forward slashes, breadth first; None between files, to give time back.

    Links to folders are not followed; a folder that may not be read is passed over.
    """
    waiting = [""]
    while waiting:
        following: list[str] = []
        for inside in waiting:
            try:
                with os.scandir(folder / inside) as entries:
                    for entry in entries:
                        name = f"{inside}/{entry.name}" if inside else entry.name
                        if entry.is_dir(follow_symlinks=False):
                            if entry.name not in skipped and not entry.name.endswith("_cache"):
                                following.append(name)
                        elif entry.name.lower().endswith(_SKIPPED_ENDS):
                            yield None
                        else:
                            yield name
            except OSError:
                yield None
        waiting = sorted(following)


class FileIndex(QObject):
    """Lists one folder while the window stays alive. ``changed`` comes after each slice that found something."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.files: list[str] = []
        self._walk: Iterator[str | None] | None = None
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._slice)

    @property
    def running(self) -> bool:
        """Whether the walk still goes on."""
        return self._walk is not None

    def start(self, folder: Path) -> None:
        """List ``folder`` from the beginning."""
        self.files = []
        self._walk = walk(folder)
        self._timer.start(0)

    def stop(self) -> None:
        """End the walk; what was found stays."""
        self._timer.stop()
        self._walk = None

    def _slice(self) -> None:
        before = len(self.files)
        until = time.monotonic() + _SLICE_MS / 1000
        while self._walk is not None and time.monotonic() < until:
            try:
                path = next(self._walk)
            except StopIteration:
                self.stop()
                break
            if path is not None:
                self.files.append(path)
            if len(self.files) >= LIMIT:
                self.stop()
        if len(self.files) != before or not self.running:
            self.changed.emit()
