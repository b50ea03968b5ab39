"""Questions to the index of a workspace; any number of readers may ask while one process writes."""

from __future__ import annotations

import os
import posixpath
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assistant.languages import language_named, language_of
from assistant.languages.import_paths import Guess, paths
from assistant.repository.symbols import Import
from assistant.retrieval.index.hits import ChunkHit, FileCounts, ReferenceHit, SymbolHit
from assistant.retrieval.index.schema import IndexUnavailable, open_reading

# A path with one of these as a part leads nowhere, or out of the workspace.
_NO_PARTS = frozenset({"", ".", ".."})
_LONGEST = 400

MOST_WORDS = 24
"""Words of a question that are looked for, the rarest first."""
# Ranking costs one to two microseconds for each chunk that holds one of the words.
_MOST_MATCHES = 3000
_MOST_RESOLVED = 8
_SYMBOL_FROM = "SELECT files.path, s.name, kind, parent, signature, doc, first_line, last_line FROM symbols s"


class IndexReader:
    """An open index. Safe to share between threads; answers take milliseconds.

    ``path`` is the index file (``place.index_file`` says where it is for a workspace). Raises IndexUnavailable, here
    and in each method, where the file is missing, damaged or another program's. A file that was rebuilt is opened anew.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._identity: tuple[int, int] | None = _identity(path)
        self._connection = open_reading(path)

    def close(self) -> None:
        """Close the file; the reader cannot be used after that."""
        with self._lock:
            self._connection.close()

    @property
    def version(self) -> str:
        """Text that differs as soon as anything in the index differs."""
        identity = _identity(self._path)
        if identity != self._identity:
            connection = open_reading(self._path)
            with self._lock:
                self._connection.close()
                self._connection = connection
                self._identity = identity
        meta = self._meta()
        return f"{meta.get('build', '')}:{meta.get('changes', '')}"

    @property
    def complete(self) -> bool:
        """Whether the workspace was read to its end once; else the index holds only part of it so far."""
        return self._meta().get("complete") == "1"

    def files(self) -> list[FileCounts]:
        """Return how many files and lines of each language there are, the most lines first."""
        rows = self._ask("SELECT language, count(*), sum(lines) FROM files GROUP BY language ORDER BY 3 DESC")
        return [FileCounts(*row) for row in rows]

    def definitions(self, names: Sequence[str], limit: int) -> list[SymbolHit]:
        """Return at most ``limit`` definitions of each of the names (exact spelling), in the order of the names."""
        sql = f"{_SYMBOL_FROM} JOIN files ON files.id = file_id WHERE s.name = ? LIMIT ?"
        return [SymbolHit(*row) for name in dict.fromkeys(names) for row in self._ask(sql, name, limit)]

    def references(self, names: Sequence[str], limit: int) -> list[ReferenceHit]:
        """Return at most ``limit`` files that use each of the names (exact spelling), in the order of the names."""
        sql = (
            "SELECT path, refs.name, refs.lines FROM refs JOIN files ON files.id = file_id WHERE refs.name = ? LIMIT ?"
        )
        rows = [row for name in dict.fromkeys(names) for row in self._ask(sql, name, limit)]
        return [ReferenceHit(path, name, tuple(map(int, lines.split(",")))) for path, name, lines in rows]

    def symbols_of(self, path: str) -> list[SymbolHit]:
        """Return the definitions of a file in the order of their lines."""
        sql = f"{_SYMBOL_FROM} JOIN files ON files.id = file_id WHERE path = ? ORDER BY first_line, last_line DESC"
        return [SymbolHit(*row) for row in self._ask(sql, path)]

    def imports_of(self, path: str) -> list[Import]:
        """Return the imports of a file in the order of their lines."""
        sql = (
            "SELECT module, i.name, alias, line FROM imports i JOIN files ON files.id = file_id"
            " WHERE path = ? ORDER BY line, i.rowid"
        )
        return [Import(*row) for row in self._ask(sql, path)]

    def resolve(self, module: str, from_path: str) -> list[str]:
        """Return the files that an import's module text may mean in the file ``from_path``, the likeliest first.

        At most eight; none for what lies outside of the workspace.
        """
        language = language_of(from_path)
        for guess in guesses(module, from_path, language):
            if found := self._matching(guess, language, from_path):
                return found
        return []

    def search(self, words: Sequence[str], limit: int, not_path: str | None = None) -> list[ChunkHit]:
        """Return the chunks that match the words best (BM25), the best first, those of ``not_path`` left out.

        ``words`` are those of ``words.words_of``. The rarest of them are looked for, as many as can be ranked in time.
        """
        chosen = self._selective(words)
        if not chosen:
            return []
        match = " OR ".join(f'"{word}"' for word in chosen)
        # Texts are fetched for the best only, so those that are to be left out are counted beforehand.
        sql = "SELECT count(*) FROM chunks JOIN files ON files.id = file_id WHERE path = ?"
        left_out = self._ask(sql, not_path)[0][0] if not_path else 0
        rows = self._ask(
            "SELECT path, first_line, last_line, text, -rank FROM (SELECT * FROM"
            " (SELECT rowid AS chunk, bm25(chunk_words) AS rank FROM chunk_words WHERE chunk_words MATCH ? LIMIT ?)"
            " ORDER BY rank LIMIT ?) JOIN chunks ON chunks.id = chunk JOIN files ON files.id = file_id"
            " WHERE path IS NOT ? ORDER BY rank LIMIT ?",
            match,
            2 * _MOST_MATCHES,
            limit + left_out,
            not_path,
            limit,
        )
        return [ChunkHit(*row) for row in rows]

    def chunk_at(self, path: str, line: int) -> ChunkHit | None:
        """Return the chunk that holds a line (from 1) of a file, or None where the index has no such line."""
        sql = (
            "SELECT path, first_line, last_line, text FROM chunks JOIN files ON files.id = file_id"
            " WHERE path = ? AND first_line <= ? AND last_line >= ? ORDER BY first_line DESC LIMIT 1"
        )
        rows = self._ask(sql, path, line, line)
        return ChunkHit(*rows[0]) if rows else None

    def text_of(self, path: str, first_line: int, last_line: int) -> str:
        """Return whole lines (1-based, inclusive) of a file as indexed, line feeds between them; empty for none."""
        sql = (
            "SELECT first_line, text FROM chunks JOIN files ON files.id = file_id"
            " WHERE path = ? AND last_line >= ? AND first_line <= ? ORDER BY first_line"
        )
        rows = self._ask(sql, path, first_line, last_line)
        if not rows:
            return ""
        start = max(first_line - rows[0][0], 0)
        lines = "\n".join(text for _, text in rows).split("\n")
        return "\n".join(lines[start : last_line - rows[0][0] + 1])

    def _meta(self) -> dict[str, str]:
        return dict(self._ask("SELECT key, value FROM meta"))

    def _selective(self, words: Sequence[str]) -> list[str]:
        """Return the rarest of the words that the index has, as many as can be ranked in time; at least one."""
        distinct = list(dict.fromkeys(words))[:500]
        marks = ",".join("?" * len(distinct))
        sql = f"SELECT word, chunks FROM words WHERE word IN ({marks}) ORDER BY chunks LIMIT ?"  # noqa: S608 - marks only
        room, chosen = _MOST_MATCHES, list[str]()
        for word, chunks in self._ask(sql, *distinct, MOST_WORDS):
            room -= chunks
            if chosen and room < 0:
                break
            chosen.append(word)
        return chosen

    def _matching(self, guess: Guess, language: str | None, from_path: str) -> list[str]:
        """Return the files that a guess names, those nearest to the importing file first."""
        parts = guess.path.split("/")
        if guess.folder:
            start = parts[-1] + "/"
            rows = self._ask(
                "SELECT path FROM files WHERE tail >= ? AND tail < ? AND language IS ? LIMIT 500",
                start,
                start[:-1] + "0",
                language,
            )
            paths = [path for (path,) in rows if _ends(path.rpartition("/")[0], guess.path, guess.anywhere)]
        elif not guess.anywhere:
            paths = [path for (path,) in self._ask("SELECT path FROM files WHERE path = ?", guess.path)]
        else:
            column, value = ("tail", "/".join(parts[-2:])) if len(parts) > 1 else ("name", parts[0])
            rows = self._ask(f"SELECT path FROM files WHERE {column} = ? LIMIT 500", value)  # noqa: S608 - our names
            paths = [path for (path,) in rows if _ends(path, guess.path, anywhere=True)]
        here = from_path.split("/")
        return sorted(paths, key=lambda path: (-_shared(here, path.split("/")), path))[:_MOST_RESOLVED]

    def _ask(self, sql: str, *values: object) -> list[Any]:
        try:
            with self._lock:
                return self._connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise IndexUnavailable(
                f"The index {self._path} cannot be read ({error}); 'grafter index' rebuilds it."
            ) from None


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - asked before each request
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _ends(path: str, tail: str, anywhere: bool) -> bool:
    return path == tail or (anywhere and path.endswith("/" + tail))


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many folders two paths have in common from the top."""
    count = 0
    for mine, yours in zip(one[:-1], other[:-1], strict=False):
        if mine != yours:
            break
        count += 1
    return count


def guesses(module: str, from_path: str, language: str | None) -> list[Guess]:
    """Return what ``module`` in a file of ``language`` at ``from_path`` may mean, the surest guess first."""
    record = language_named(language)
    text = module.strip().strip("\"'<>")
    if record is None or record.import_separator != "\\":
        text = text.replace("\\", "/")
    if not text or len(text) > _LONGEST:
        return []
    resolve = record.import_paths if record is not None and record.import_paths is not None else paths
    found = resolve(text, posixpath.dirname(from_path))
    return [guess for guess in dict.fromkeys(found) if not _NO_PARTS.intersection(guess.path.split("/"))]
