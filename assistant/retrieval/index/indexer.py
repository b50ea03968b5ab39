"""Keeping the index of a workspace like its files: a whole scan, single changes, and unsaved text of the editor."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from assistant.repository.exclusions import Reason
from assistant.repository.walk import FoundFile, LeftOut, Walk
from assistant.retrieval.index.analyse import analyse
from assistant.retrieval.index.writer import UNSAVED, IndexWriter, KnownFile, Saved

MOST_FILES = 100_000
"""Somebody who opens a whole disk as a workspace gets an index of its first files, not one without end."""

# Long enough that a transaction costs little, short enough that readers and commands do not wait.
_BATCH_SECONDS = 0.5
_WALK_STEP = 500
_EXAMPLES = 5
# A file may change twice within a tick of its clock: the time of one that is so new proves nothing.
_FRESH_NS = 2_000_000_000
_RULES = (".gitignore", ".git/info/exclude")


@dataclass(slots=True)
class Scan:
    """How far a scan is, and in the end what it found.

    ``total`` is 0 until all files are counted. ``read`` files were new or changed; ``lines`` are those read. For each
    reason ``left_out`` counts, and ``examples`` names, the files and folders that do not count.
    """

    done: int = 0
    total: int = 0
    read: int = 0
    lines: int = 0
    removed: int = 0
    left_out: Counter[Reason] = field(default_factory=Counter[Reason])
    examples: dict[Reason, list[str]] = field(default_factory=dict[Reason, list[str]])

    def leave_out(self, left: LeftOut) -> None:
        """Count what does not count."""
        self.left_out[left.reason] += 1
        named = self.examples.setdefault(left.reason, [])
        if len(named) < _EXAMPLES:
            named.append(left.path)

    @property
    def changed(self) -> bool:
        """Whether the index is another one now."""
        return bool(self.read or self.removed)


def changes_rules(path: str) -> bool:
    """Return whether a change of this file changes which files count, so that all have to be compared."""
    return path.endswith(_RULES)


class Indexer:
    """Brings the index up to date with the workspace. Belongs to one thread.

    Raises DiskError where the index cannot be written, and sqlite3.DatabaseError where it turns out to be damaged.
    """

    def __init__(self, workspace: Path, writer: IndexWriter) -> None:
        self._workspace = workspace
        self._writer = writer
        self._walk = Walk(workspace)
        self._overlays: dict[str, str] = {}

    def scan(self) -> Generator[Scan]:
        """Compare every file with the index and read what changed; yields one Scan, again and again, until the end."""
        self._walk = Walk(self._workspace)
        scan = Scan()
        files: list[FoundFile] = []
        for seen, found in enumerate(self._walk.files()):
            if isinstance(found, LeftOut):
                scan.leave_out(found)
            elif len(files) < MOST_FILES:
                files.append(found)
            else:
                scan.leave_out(LeftOut(found.path, "too many files"))
                break
            if seen % _WALK_STEP == 0:
                yield scan
        scan.total = len(files)
        known = self._writer.known()
        # Unsaved text counts whether its file is there or not.
        gone = known.keys() - {file.path for file in files} - self._overlays.keys()
        waiting = iter(files)
        more = True
        while more:
            with self._writer.changing():
                more = self._batch(waiting, known, gone, scan)
                if not more:
                    self._writer.set_complete()
            yield scan

    def _batch(self, files: Iterable[FoundFile], known: dict[str, KnownFile], gone: set[str], scan: Scan) -> bool:
        """Read files for a moment; return whether there are more."""
        end = time.monotonic() + _BATCH_SECONDS
        while gone:
            self._writer.remove(gone.pop())
            scan.removed += 1
            if time.monotonic() > end:
                return True
        for file in files:
            scan.done += 1
            if file.path not in self._overlays:
                self._compare(file, known.get(file.path), scan)
            if time.monotonic() > end:
                return True
        return False

    def refresh(self, paths: Iterable[str]) -> bool:
        """Bring single files and folders (relative) up to date; return whether the index is another one now."""
        scan = Scan()
        with self._writer.changing():
            for path in sorted(set(paths)):
                self._refresh(path, scan)
        return scan.changed

    def _refresh(self, path: str, scan: Scan) -> None:
        if path in self._overlays:
            return
        found = self._walk.find(path)
        there: list[FoundFile] = []
        if isinstance(found, FoundFile):
            there = [found]
        elif found is None and self._walk.counts_folder(path) and (self._workspace / path).is_dir():
            there = [below for below in self._walk.files(path) if isinstance(below, FoundFile)]
        for file in there:
            if file.path not in self._overlays:
                self._compare(file, self._writer.find(file.path), scan)
        gone = {path, *self._writer.below(path)} - {file.path for file in there} - self._overlays.keys()
        for old in gone:
            if self._writer.find(old):
                self._writer.remove(old)
                scan.removed += 1

    def overlay(self, path: str, text: str | None) -> bool:
        """Let an editor's text count instead of a file's, or (None) the file again; return whether the index changed.

        A file that does not count by its place or name does not count with unsaved text either.
        """
        if text is None:
            if self._overlays.pop(path, None) is None:
                return False
            return self.refresh([path])
        if self._overlays.get(path) == text or self._walk.reason_of(path, text) is not None:
            return False
        self._overlays[path] = text
        with self._writer.changing():
            self._writer.put(path, analyse(path, text), UNSAVED)
        return True

    def drop_overlays(self) -> None:
        """Let all files count again as they are saved."""
        if paths := self.take_overlays():
            self.refresh(paths)

    def take_overlays(self) -> dict[str, str]:
        """Return the unsaved texts and forget them, where the index was thrown away: they have to be given again."""
        taken, self._overlays = self._overlays, {}
        return taken

    def _compare(self, file: FoundFile, known: KnownFile | None, scan: Scan) -> None:
        """Read a file again if its size or time is not as known, and index it if its content is not."""
        if known and not known.overlay and (known.size, known.mtime_ns) == (file.size, file.mtime_ns):
            return
        source = self._walk.read(file)
        if isinstance(source, LeftOut):
            scan.leave_out(source)
            if known:
                self._writer.remove(file.path)
                scan.removed += 1
            return
        fresh = time.time_ns() - file.mtime_ns < _FRESH_NS
        digest = hashlib.blake2b(source.data, digest_size=16).digest()
        saved = Saved(digest, len(source.data), 0 if fresh else file.mtime_ns)
        if known and known.hash == digest:
            self._writer.touch(file.path, saved)
            return
        content = analyse(file.path, source.text)
        self._writer.put(file.path, content, saved)
        scan.read += 1
        scan.lines += content.lines
