"""The repository as it was before the latest commits, in a temporary folder, with an index of its own."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

from assistant.models.files import disk_errors
from assistant.repository.history import History
from assistant.repository.holes import Hole
from assistant.repository.walk import MOST_BYTES
from assistant.retrieval.index.indexer import Indexer
from assistant.retrieval.index.reader import IndexReader
from assistant.retrieval.index.writer import IndexWriter

Report = Callable[[str, int, int], None]
"""Told how far a stage (``files``, ``index``) is: done, total."""


class BaseIndex:
    """An index of the files as they were at the base commit; nothing that was added later is in it."""

    def __init__(self, indexer: Indexer, reader: IndexReader) -> None:
        self._indexer = indexer
        self.reader = reader

    @contextmanager
    def with_open(self, hole: Hole) -> Generator[None]:
        """Let the index know the hole's file as an editor has it, without what stood in the hole, for a moment."""
        self._indexer.overlay(hole.path, hole.before + hole.after)
        try:
            yield
        finally:
            self._indexer.overlay(hole.path, None)


@contextmanager
def base_index(history: History, base: str, report: Report) -> Generator[BaseIndex]:
    """Write the files of the commit ``base`` into a temporary folder and index them; all is removed in the end.

    A file that was renamed later lies there by its new name, so that the open file is not found once more by its old
    one. Nothing of the repository is run, and links are not written.
    """
    renamed = {change.old: change.path for change in history.changes(base) if change.old}
    blobs = {path: blob for path, blob in history.files(base).items() if blob.size <= MOST_BYTES}
    files = zip((renamed.get(path, path) for path in blobs), history.read(blobs.values()), strict=True)
    with index_of(files, len(blobs), report) as index:
        yield index


@contextmanager
def index_of(files: Iterable[tuple[str, bytes]], total: int, report: Report) -> Generator[BaseIndex]:
    """Write files, ``total`` paths with their bytes, into a temporary folder and index them; all is removed later."""
    with tempfile.TemporaryDirectory(prefix="grafter-base-") as name:
        root = Path(name).resolve() / "tree"
        root.mkdir()
        _write_files(files, total, root, report)
        place = root.parent / "index.db"
        with contextlib.closing(IndexWriter(place, root)) as writer:
            indexer = Indexer(root, writer)
            for scan in indexer.scan():
                report("index", scan.done, scan.total)
            with contextlib.closing(IndexReader(place)) as reader:
                yield BaseIndex(indexer, reader)


def _write_files(files: Iterable[tuple[str, bytes]], total: int, root: Path, report: Report) -> None:
    with disk_errors("The files of the base commit cannot be written"):
        for done, (path, data) in enumerate(files, 1):
            file = root / path
            # Two files may want one name where a system knows no capitals; either is as good.
            with contextlib.suppress(FileExistsError, NotADirectoryError, IsADirectoryError):
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(data)
            report("files", done, total)
