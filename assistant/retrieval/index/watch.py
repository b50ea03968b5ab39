"""Hearing of changed files: from the system where it tells, else by looking again and again."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

# Opening and reading are told, too; the index reads every file and has no use for that.
_EVENTS: list[type[FileSystemEvent]] = [
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
]
_GIT = ".git"
_GIT_RULES = ".git/info/exclude"


class Watch:
    """Calls ``on_change`` with the path (relative, forward slashes) of whatever changes below ``root``.

    It is called in a thread of its own. ``works`` is False where the system cannot tell (too many folders for its
    limit on watches, a file system of another machine): the caller has to look by itself.
    """

    def __init__(self, root: Path, on_change: Callable[[str], None]) -> None:
        self._observer = Observer()
        self.works = True
        try:
            self._observer.schedule(_Handler(root, on_change), str(root), recursive=True, event_filter=_EVENTS)
            self._observer.start()
        except (OSError, RuntimeError):
            self.works = False

    def close(self) -> None:
        """Stop watching."""
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join()


class _Handler(FileSystemEventHandler):
    def __init__(self, root: Path, on_change: Callable[[str], None]) -> None:
        self._root = str(root)
        self._on_change = on_change

    def on_any_event(self, event: FileSystemEvent) -> None:
        for place in (event.src_path, event.dest_path):
            path = relative(self._root, os.fsdecode(place)) if place else ""
            if path and (not path.startswith(_GIT + "/") or path == _GIT_RULES) and path != _GIT:
                self._on_change(path)


def relative(root: str, path: str) -> str:
    """Return a path below ``root`` as the index writes it, or empty for the root and what is not below it."""
    inside = os.path.relpath(path, root).replace(os.sep, "/")
    return "" if inside == "." or inside.startswith("../") or inside == ".." else inside
