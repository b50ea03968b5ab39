"""Changes to the index of a workspace; one process at a time may make them."""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import DiskError, GrafterError, ModelError
from assistant.models.files import disk_errors, exclusive
from assistant.retrieval.index import schema
from assistant.retrieval.index.analyse import ChunkText, FileContent
from assistant.retrieval.index.words import words_of

_CACHE_KIB = 32_768
_LOCK_SECONDS = 10.0


class IndexBusy(GrafterError):  # noqa: N818 - a state, which passes
    """Another process keeps this index up to date."""

    code = "index_busy"


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file as the index has it. ``hash`` is that of its bytes; ``overlay``: what is indexed is unsaved text."""

    id: int
    hash: bytes
    size: int
    mtime_ns: int
    overlay: bool


@dataclass(frozen=True, slots=True)
class Saved:
    """The state of a file on disk that was indexed."""

    hash: bytes
    size: int
    mtime_ns: int


UNSAVED = Saved(b"", -1, 0)
"""The state of unsaved text: no file is like it, so the next start reads the file again."""


class IndexWriter:
    """The index file of a workspace, open for changes.

    Takes the lock (IndexBusy where another process has it), and builds the file anew where it is missing, damaged, of
    another version or of another workspace. Raises DiskError where the disk refuses. ``rebuilt`` says why a file that
    was there was thrown away, or None.
    """

    def __init__(self, file: Path, workspace: Path) -> None:
        self._file, self._workspace = file, workspace
        self._words: Counter[str] = Counter()
        self._changed = False
        self._held = ExitStack()
        self.rebuilt: str | None = None
        with disk_errors("The index cannot be written"):
            file.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._held.enter_context(exclusive(file.with_name("index.lock"), "busy"))
            except ModelError:
                raise IndexBusy(f"Another process keeps the index of {workspace} up to date; let it.") from None
            try:
                if file.exists():
                    self.rebuilt = schema.find_fault(file, workspace)
                    if self.rebuilt:
                        schema.remove(file)
                self._connection = self._open()
            except BaseException:
                self._held.close()
                raise

    def _open(self) -> sqlite3.Connection:
        new = not self._file.exists()
        if new:
            schema.remove(self._file)  # a log without its file belongs to another one
        connection = sqlite3.connect(self._file, timeout=_LOCK_SECONDS, isolation_level=None)
        try:
            # What the last moments before a power cut wrote is read from the files again.
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            connection.execute("PRAGMA journal_size_limit = 67108864")
            if new:
                schema.create(connection, self._workspace, secrets.token_hex(8))
        except sqlite3.Error as error:
            connection.close()
            raise _refused(error) from None
        return connection

    def close(self) -> None:
        """Close the file and free the lock."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.execute("PRAGMA optimize")
        self._connection.close()
        self._held.close()

    def start_anew(self) -> None:
        """Throw the file away and make an empty one: what is in it cannot be read."""
        self._connection.close()
        self._words.clear()
        schema.remove(self._file)
        self._connection = self._open()

    @contextmanager
    def changing(self) -> Generator[None]:
        """Group changes: readers see all of them or none. Raises DiskError where the disk is full."""
        self._changed = False
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._write_words()
            if self._changed:
                self._connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'changes'")
            self._connection.execute("COMMIT")
        except BaseException as error:
            self._words.clear()
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.OperationalError):
                raise _refused(error) from None
            raise

    def known(self) -> dict[str, KnownFile]:
        """Return all files of the index by path."""
        rows = self._connection.execute("SELECT path, id, hash, size, mtime_ns, overlay FROM files")
        return {row[0]: KnownFile(row[1], row[2], row[3], row[4], bool(row[5])) for row in rows}

    def totals(self) -> tuple[int, int]:
        """Return how many files and lines the index holds."""
        files, lines = self._connection.execute("SELECT count(*), total(lines) FROM files").fetchone()
        return files, int(lines)

    def find(self, path: str) -> KnownFile | None:
        """Return one file of the index."""
        sql = "SELECT id, hash, size, mtime_ns, overlay FROM files WHERE path = ?"
        row = self._connection.execute(sql, (path,)).fetchone()
        return KnownFile(row[0], row[1], row[2], row[3], bool(row[4])) if row else None

    def below(self, folder: str) -> list[str]:
        """Return the paths of the index in a folder, at any depth."""
        sql = "SELECT path FROM files WHERE path >= ? AND path < ?"
        return [path for (path,) in self._connection.execute(sql, (folder + "/", folder + "0"))]

    def put(self, path: str, content: FileContent, saved: Saved) -> None:
        """Set what the index holds of a file. Chunks whose text is there already are kept."""
        self._changed = True
        known = self.find(path)
        parts = path.split("/")
        row = (content.language, saved.hash, saved.size, saved.mtime_ns, content.lines, saved is UNSAVED)
        if known is None:
            cursor = self._connection.execute(
                "INSERT INTO files (path, name, tail, language, hash, size, mtime_ns, lines, overlay)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (path, parts[-1], "/".join(parts[-2:]), *row),
            )
            file_id = cursor.lastrowid or 0
        else:
            file_id = known.id
            self._connection.execute(
                "UPDATE files SET language = ?, hash = ?, size = ?, mtime_ns = ?, lines = ?, overlay = ? WHERE id = ?",
                (*row, file_id),
            )
            self._drop_facts(file_id)
        self._put_facts(file_id, content)
        self._put_chunks(file_id, content.chunks, new=known is None)

    def touch(self, path: str, saved: Saved) -> None:
        """Note that a file's content is as indexed though its time or size on disk is another."""
        sql = "UPDATE files SET hash = ?, size = ?, mtime_ns = ? WHERE path = ?"
        self._connection.execute(sql, (saved.hash, saved.size, saved.mtime_ns, path))

    def remove(self, path: str) -> None:
        """Forget a file."""
        known = self.find(path)
        if known is not None:
            self._changed = True
            self._drop_facts(known.id)
            self._put_chunks(known.id, (), new=False)
            self._connection.execute("DELETE FROM files WHERE id = ?", (known.id,))

    def set_complete(self) -> None:
        """Note that the whole workspace was read."""
        self._connection.execute("UPDATE meta SET value = '1' WHERE key = 'complete' AND value != '1'")

    def _drop_facts(self, file_id: int) -> None:
        for table in ("symbols", "refs", "imports"):
            self._connection.execute(f"DELETE FROM {table} WHERE file_id = ?", (file_id,))  # noqa: S608 - our names

    def _put_facts(self, file_id: int, content: FileContent) -> None:
        insert = self._connection.executemany
        insert(
            "INSERT INTO symbols VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (file_id, s.name, s.kind, s.parent, s.signature, s.doc, s.first_line, s.last_line)
                for s in content.facts.symbols
            ),
        )
        insert(
            "INSERT INTO refs VALUES (?, ?, ?)",
            ((file_id, name, ",".join(map(str, lines))) for name, lines in content.uses.items()),
        )
        insert(
            "INSERT INTO imports VALUES (?, ?, ?, ?, ?)",
            ((file_id, i.module, i.name, i.alias, i.line) for i in content.facts.imports),
        )

    def _put_chunks(self, file_id: int, chunks: tuple[ChunkText, ...], *, new: bool) -> None:
        old: dict[str, list[int]] = {}
        if not new:
            for chunk_id, text in self._connection.execute("SELECT id, text FROM chunks WHERE file_id = ?", (file_id,)):
                old.setdefault(text, []).append(chunk_id)
        moved: list[tuple[int, int, int]] = []
        for chunk in chunks:
            if ids := old.get(chunk.text):
                moved.append((chunk.first_line, chunk.last_line, ids.pop()))
            else:
                self._add_chunk(file_id, chunk)
        if moved:
            self._connection.executemany("UPDATE chunks SET first_line = ?, last_line = ? WHERE id = ?", moved)
        for text, ids in old.items():
            for chunk_id in ids:
                self._drop_chunk(chunk_id, text)

    def _add_chunk(self, file_id: int, chunk: ChunkText) -> None:
        cursor = self._connection.execute(
            "INSERT INTO chunks (file_id, first_line, last_line, text) VALUES (?, ?, ?, ?)",
            (file_id, chunk.first_line, chunk.last_line, chunk.text),
        )
        words = words_of(chunk.text)
        self._words.update(set(words))
        sql = "INSERT INTO chunk_words (rowid, words) VALUES (?, ?)"
        self._connection.execute(sql, (cursor.lastrowid, " ".join(words)))

    def _drop_chunk(self, chunk_id: int, text: str) -> None:
        words = words_of(text)
        self._words.subtract(set(words))
        # A table without content has to be told what it holds, to forget it.
        sql = "INSERT INTO chunk_words (chunk_words, rowid, words) VALUES ('delete', ?, ?)"
        self._connection.execute(sql, (chunk_id, " ".join(words)))
        self._connection.execute("DELETE FROM chunks WHERE id = ?", (chunk_id,))

    def _write_words(self) -> None:
        changed: Iterator[tuple[str, int]] = (
            (word, self._words[word]) for word in sorted(self._words) if self._words[word]
        )
        self._connection.executemany(
            "INSERT INTO words VALUES (?, ?) ON CONFLICT (word) DO UPDATE SET chunks = chunks + excluded.chunks",
            changed,
        )
        self._words.clear()


def _refused(error: sqlite3.Error) -> DiskError:
    return DiskError(f"The index cannot be written ({error}); free some space, or set GRAFTER_HOME to another disk.")
