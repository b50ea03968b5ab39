"""The indexes of the workspaces that are open: one build process and one reader for each, few at a time."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from assistant.errors import GrafterError, InputError
from assistant.retrieval.index.index_process import IndexState
from assistant.retrieval.index.source import Source

MOST_WORKSPACES = 4
# A process that ended is started again when somebody asks, but not more often than this.
RESTART_SECONDS = 30.0
# An index that could not be opened is tried again after so long; opening is done while somebody waits.
RETRY_SECONDS = 1.0


class Reader(Source, Protocol):
    """An index that is open."""

    def close(self) -> None:
        """Close it."""
        ...


class Building(Protocol):
    """What keeps an index fresh: ``assistant.retrieval.index.index_process.IndexProcess``."""

    @property
    def state(self) -> IndexState:
        """How far the index is."""
        ...

    @property
    def ended(self) -> bool:
        """Whether it does that no longer."""
        ...

    def tell(self, texts: Mapping[str, str | None]) -> None:
        """Take texts as they stand in the editor."""
        ...

    def close(self) -> None:
        """End it."""
        ...


@dataclass(slots=True)
class _Open:
    """What is open of one workspace; times are seconds of the monotonic clock, when each was started or tried last."""

    builder: Building | None = None
    started: float = 0.0
    reader: Reader | None = None
    tried: float = -math.inf


class Indexes:
    """Which index belongs to a workspace, and what builds it.

    ``follow`` and ``close`` are called from any thread, ``source`` from one thread only. Opening a workspace reads its
    files and runs nothing of them.
    """

    def __init__(self, start: Callable[[Path], Building], open_reader: Callable[[Path], Reader | None]) -> None:
        """``start`` starts what builds a workspace's index; ``open_reader`` opens that, None: there is none yet."""
        self._start = start
        self._open_reader = open_reader
        self._lock = threading.Lock()
        self._open: OrderedDict[Path, _Open] = OrderedDict()
        self._closed = False

    def follow(self, workspace: str, texts: Mapping[str, str | None]) -> IndexState:
        """Build the index of a workspace and keep it fresh from now on; return how far it is.

        ``texts`` are texts as they stand in the editor, by path in the workspace; None: the file counts again. Raises
        InputError where there is no such folder or a path leads out of it.
        """
        root = find_workspace(workspace)
        for path in texts:
            _check_path(path)
        with self._lock:
            if self._closed:
                return IndexState()
            builder = self._builder(root)
        builder.tell(texts)
        return builder.state

    def source(self, workspace: str) -> Source | None:
        """Return the open index of a workspace, or None where there is none that can be read."""
        with suppress(InputError):
            root = find_workspace(workspace)
            with self._lock:
                entry = self._open.get(root)
                if entry is not None:
                    self._open.move_to_end(root)
            # A workspace that nobody follows has an index if it was open before.
            return self._open_before(root) if entry is None else self._reader(root, entry)
        return None

    def close(self) -> None:
        """End what builds and close what is read; no thread asks for sources any more."""
        with self._lock:
            self._closed = True
            entries = list(self._open.values())
            self._open.clear()
        for entry in entries:
            _end(entry)

    def _builder(self, root: Path) -> Building:
        entry = self._open.get(root) or self._add(root, _Open())
        ended = entry.builder is not None and entry.builder.ended
        if entry.builder is None or (ended and time.monotonic() - entry.started > RESTART_SECONDS):
            if entry.builder is not None:
                entry.builder.close()
            entry.builder, entry.started = self._start(root), time.monotonic()
        self._open.move_to_end(root)
        return entry.builder

    def _add(self, root: Path, entry: _Open) -> _Open:
        self._open[root] = entry
        while len(self._open) > MOST_WORKSPACES:
            _, oldest = self._open.popitem(last=False)
            # Closing waits for a process, and nobody should wait for that.
            threading.Thread(target=_end, args=(oldest,), name="index-end", daemon=True).start()
        return entry

    def _open_before(self, root: Path) -> Reader | None:
        entry = _Open()
        reader = self._reader(root, entry)
        if reader is not None:
            with self._lock:
                self._add(root, entry)
        return reader

    def _reader(self, root: Path, entry: _Open) -> Reader | None:
        if entry.reader is None and time.monotonic() - entry.tried >= RETRY_SECONDS:
            entry.tried = time.monotonic()
            with suppress(GrafterError):
                entry.reader = self._open_reader(root)
        return entry.reader


def _end(entry: _Open) -> None:
    if entry.builder is not None:
        entry.builder.close()
    if entry.reader is not None:
        entry.reader.close()


def find_workspace(workspace: str) -> Path:
    """Return the folder as one path for all its names. Raises InputError where it is none, or not absolute."""
    path = Path(workspace)
    try:
        if path.is_absolute() and path.is_dir():
            return path.resolve()
    except (OSError, ValueError):
        pass
    raise InputError(f"There is no folder '{workspace}'; name the workspace by its whole path.")


def _check_path(path: str) -> None:
    parts = PurePosixPath(path)
    if not path or parts.is_absolute() or ".." in parts.parts or "\0" in path:
        raise InputError(f"The path '{path}' does not lie in the workspace; give it relative to that.")
