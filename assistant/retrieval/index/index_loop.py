"""The life of an index process: build, then follow what is heard of files and from the editor, until told to end."""

from __future__ import annotations

import queue
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from assistant.errors import DiskError
from assistant.retrieval.index.indexer import Indexer, Scan, changes_rules
from assistant.retrieval.index.writer import IndexWriter

_PROGRESS_SECONDS = 0.25
# An editor saves in several steps; a checkout changes thousands of files.
_QUIET_SECONDS = 0.03
_LONGEST_GATHERING = 0.5
_MOST_SINGLE_PATHS = 2000
_LOOK_SECONDS = 5.0
# Looking for changes takes at most this share of the time.
_LOOK_SHARE = 0.05
_TICK_SECONDS = 1.0
_MOST_REBUILDS = 3


@dataclass(frozen=True, slots=True)
class Changed:
    """A file or folder of the workspace (relative) is not as it was."""

    path: str


@dataclass(frozen=True, slots=True)
class Unsaved:
    """The text of an editor for a file (relative); None: what is saved counts again."""

    path: str
    text: str | None


@dataclass(frozen=True, slots=True)
class Stop:
    """The process is to end."""


Heard = Changed | Unsaved | Stop
Say = Callable[[dict[str, Any]], None]


class IndexLoop:
    """Keeps one index like its workspace. Put what happens into ``heard``, from any thread; ``run`` in one of them.

    ``say`` gets what others may want to know, as the objects that ``assistant.retrieval.index.build`` describes.
    ``alive`` is asked every second: False ends it, like Stop. ``listens`` is False where nobody puts ``Changed`` into
    ``heard``.
    """

    def __init__(
        self, indexer: Indexer, writer: IndexWriter, say: Say, alive: Callable[[], bool], *, listens: bool
    ) -> None:
        self.heard: queue.SimpleQueue[Heard] = queue.SimpleQueue()
        self._indexer, self._writer, self._say, self._alive = indexer, writer, say, alive
        self._listens = listens
        self._texts: dict[str, str | None] = {}
        self._paths: set[str] = set()
        self._stopped = False
        self._next_look = 0.0
        self._rebuilds = 0

    def run(self) -> None:
        """Build the index and follow the workspace until the end. Raises DiskError."""
        self._scan(first=True)
        while not self._stopped:
            self._gather(self._wait_seconds())
            self._stopped = self._stopped or not self._alive()
            if not self._stopped and not self._guarded(self._apply):
                self._scan()
        self._guarded(self._indexer.drop_overlays)

    def _scan(self, *, first: bool = False) -> None:
        if not self._guarded(lambda: self._scan_once(first=first)) and not self._stopped:
            self._scan(first=first)

    def _scan_once(self, *, first: bool) -> None:
        start = last = time.monotonic()
        scan = Scan()
        for scan in self._indexer.scan():
            if first and time.monotonic() - last > _PROGRESS_SECONDS:
                last = time.monotonic()
                self._say({"event": "progress", "done": scan.done, "total": scan.total, "lines": scan.lines})
            self._hear()
            self._apply_texts()
            if self._stopped or not self._alive():
                self._stopped = True
                return
        seconds = time.monotonic() - start
        self._next_look = time.monotonic() + max(_LOOK_SECONDS, seconds / _LOOK_SHARE)
        if first:
            self._say({"event": "ready", **self._totals(), **describe(scan), "seconds": round(seconds, 3)})
        elif scan.changed:
            self._say({"event": "changed", **self._totals()})

    def _apply(self) -> None:
        """Bring the index up to date with all that was heard."""
        self._apply_texts()
        paths, self._paths = self._paths, set()
        look = not self._listens and time.monotonic() >= self._next_look
        if look or len(paths) > _MOST_SINGLE_PATHS or any(map(changes_rules, paths)):
            self._scan()
        elif paths and self._indexer.refresh(paths):
            self._say({"event": "changed", **self._totals()})

    def _apply_texts(self) -> None:
        texts, self._texts = self._texts, {}
        changed = [self._indexer.overlay(path, text) for path, text in texts.items()]
        if any(changed):
            self._say({"event": "changed", **self._totals()})

    def _wait_seconds(self) -> float:
        if self._listens:
            return _TICK_SECONDS
        return min(max(self._next_look - time.monotonic(), 0.0), _TICK_SECONDS)

    def _gather(self, seconds: float) -> None:
        """Wait for something to be heard, then for a moment of quiet, so that one save is one change."""
        try:
            self._take(self.heard.get(timeout=seconds))
        except queue.Empty:
            return
        end = time.monotonic() + _LONGEST_GATHERING
        while self._paths and not self._stopped and time.monotonic() < end:
            try:
                self._take(self.heard.get(timeout=_QUIET_SECONDS))
            except queue.Empty:
                break
        self._hear()

    def _hear(self) -> None:
        """Take what was put into the queue so far."""
        try:
            while True:
                self._take(self.heard.get_nowait())
        except queue.Empty:
            pass

    def _take(self, heard: Heard) -> None:
        match heard:
            case Changed(path):
                self._paths.add(path)
            case Unsaved(path, text):
                self._texts[path] = text
            case Stop():
                self._stopped = True

    def _totals(self) -> dict[str, int]:
        files, lines = self._writer.totals()
        return {"files": files, "lines": lines}

    def _guarded(self, work: Callable[[], None]) -> bool:
        """Do something; an index that turns out to be damaged is thrown away. Returns whether it was not."""
        try:
            work()
        except sqlite3.DatabaseError as error:
            self._rebuilds += 1
            if self._rebuilds > _MOST_REBUILDS:
                raise DiskError(f"The index is damaged again and again ({error}); check the disk.") from None
            self._writer.start_anew()
            self._texts = {**self._indexer.take_overlays(), **self._texts}
            return False
        return True


def describe(scan: Scan) -> dict[str, Any]:
    """Return what a finished scan found, for JSON."""
    return {
        "read": scan.read,
        "read_lines": scan.lines,
        "removed": scan.removed,
        "left_out": [
            {"reason": reason, "count": count, "examples": scan.examples[reason]}
            for reason, count in scan.left_out.most_common()
        ],
    }
