"""The files that may be learned from: those of the base commit, or those of the folder where there are no commits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from assistant.repository.exclusions import reason_of_folder, reason_of_name
from assistant.repository.history import Blob, History
from assistant.repository.walk import MOST_BYTES, FoundFile, LeftOut, Walk

HARD_LIMIT = 8_000_000
"""Larger files are not read even where a person asks for it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file (or, where ``reason`` says why not, perhaps a folder) and its size in bytes; 0: not known."""

    path: str
    size: int
    reason: str = ""


class Tree(Protocol):
    """Files to learn from, as they were at one moment."""

    @property
    def name(self) -> str:
        """The repository's name, as prompts give it."""
        ...

    def entries(self) -> list[Entry]:
        """Return all files in the order of their paths, with why each does not count by place, name or size."""
        ...

    def read(self, paths: list[str]) -> Iterator[bytes | None]:
        """Yield the bytes of each file, in order; None for one that cannot be read."""
        ...

    def recency(self) -> dict[str, int]:
        """Return how many commits ago files were changed last; nothing of those for which that is not known."""
        ...


_COMMITS = 200


class CommitTree:
    """The files of a commit. A file that was renamed since has its new name, as the editor will open it by that."""

    def __init__(self, history: History, commit: str) -> None:
        self._history = history
        self._commit = commit
        self._blobs: dict[str, Blob] = {}
        files = history.files(commit)
        self._renamed = {
            change.old: change.path for change in history.changes(commit) if change.old and change.old != change.path
        }
        for path, blob in files.items():
            new = self._renamed.get(path, path)
            self._blobs[path if new in files else new] = blob

    @property
    def name(self) -> str:
        """The folder's name."""
        return self._history.root.name

    def entries(self) -> list[Entry]:
        """Return all files of the commit."""
        ignored = self._history.ignored()
        return [
            Entry(path, blob.size, "ignored" if path in ignored else _reason(path, blob.size))
            for path, blob in sorted(self._blobs.items())
        ]

    def read(self, paths: list[str]) -> Iterator[bytes | None]:
        """Yield the bytes of each."""
        blobs = [self._blobs[path] for path in paths]
        for blob, data in zip(blobs, self._history.read(blobs), strict=True):
            yield data if len(data) == blob.size else None

    def recency(self) -> dict[str, int]:
        """Return how many commits before this one each file was changed last, of the 200 latest."""
        found: dict[str, int] = {}
        for ago, paths in enumerate(self._history.touched(self._commit, _COMMITS)):
            for path in paths:
                found.setdefault(self._renamed.get(path, path), ago)
        return found


class FolderTree:
    """The files of a folder as they are now."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._walk = Walk(self._root, HARD_LIMIT)

    @property
    def name(self) -> str:
        """The folder's name."""
        return self._root.name

    def entries(self) -> list[Entry]:
        """Return all files, and the folders that do not count, which are not looked into."""
        found: list[Entry] = []
        for each in self._walk.files():
            if isinstance(each, FoundFile):
                found.append(Entry(each.path, each.size, _reason(each.path, each.size)))
            elif each.path:
                found.append(Entry(each.path, self._size(each), each.reason))
        return sorted(found, key=lambda entry: entry.path)

    def read(self, paths: list[str]) -> Iterator[bytes | None]:
        """Yield the bytes of each."""
        for path in paths:
            try:
                with (self._root / path).open("rb") as stream:
                    yield stream.read(HARD_LIMIT + 1)
            except OSError:
                yield None

    def recency(self) -> dict[str, int]:
        """Return nothing: without commits nobody knows."""
        return {}

    def _size(self, left: LeftOut) -> int:
        try:
            status = (self._root / left.path).lstat()
        except OSError:
            return 0
        return status.st_size


def _reason(path: str, size: int) -> str:
    *folders, name = path.split("/")
    reason = next((found for each in folders if (found := reason_of_folder(each))), None) or reason_of_name(name)
    return "too large" if size > MOST_BYTES else reason or ""
