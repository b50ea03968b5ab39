"""The index file: its tables, and the checks that a file must pass before a word of it is believed."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from assistant.errors import GrafterError

APPLICATION_ID = 0x47524658  # "GRFX"
SCHEMA_VERSION = 2
"""Goes up with every change of the tables, of the queries, of the chunks or of the words: older files are rebuilt."""

_PAGE_BYTES = 4096
_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- name: "c.py"; tail: "b/c.py", the last two parts, by which imports are found; overlay: holds unsaved editor text.
CREATE TABLE files (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, name TEXT NOT NULL, tail TEXT NOT NULL, language TEXT,
    hash BLOB NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, lines INTEGER NOT NULL,
    overlay INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX files_name ON files (name);
CREATE INDEX files_tail ON files (tail);
CREATE INDEX files_overlay ON files (overlay) WHERE overlay;
CREATE TABLE symbols (
    file_id INTEGER NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, parent TEXT NOT NULL, signature TEXT NOT NULL,
    doc TEXT NOT NULL, first_line INTEGER NOT NULL, last_line INTEGER NOT NULL
);
CREATE INDEX symbols_name ON symbols (name);
CREATE INDEX symbols_file ON symbols (file_id);
-- lines: "3,17,90".
CREATE TABLE refs (file_id INTEGER NOT NULL, name TEXT NOT NULL, lines TEXT NOT NULL);
CREATE INDEX refs_name ON refs (name);
CREATE INDEX refs_file ON refs (file_id);
CREATE TABLE imports (
    file_id INTEGER NOT NULL, module TEXT NOT NULL, name TEXT NOT NULL, alias TEXT NOT NULL, line INTEGER NOT NULL
);
CREATE INDEX imports_file ON imports (file_id);
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY, file_id INTEGER NOT NULL, first_line INTEGER NOT NULL, last_line INTEGER NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX chunks_file ON chunks (file_id, first_line);
-- In how many chunks a word is: tells which words of a question are worth the time.
CREATE TABLE words (word TEXT PRIMARY KEY, chunks INTEGER NOT NULL) WITHOUT ROWID;
-- Without content: the text is in chunks, and the words come from it. They are plain already.
CREATE VIRTUAL TABLE chunk_words USING fts5 (words, content = '', tokenize = "ascii tokenchars '_'");
"""


class IndexUnavailable(GrafterError):  # noqa: N818 - it is a state that callers wait out, more than a mistake
    """There is no index that can be read: none was built yet, or what is there is damaged or somebody else's."""

    code = "no_index"


def create(connection: sqlite3.Connection, workspace: Path, build: str) -> None:
    """Make the tables in an empty database; ``build`` is text that no other building of this index has."""
    connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(f"BEGIN; {_TABLES}")
    rows = [("workspace", str(workspace)), ("build", build), ("changes", "0"), ("complete", "0")]
    connection.executemany("INSERT INTO meta VALUES (?, ?)", rows)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.commit()


def open_reading(path: Path) -> sqlite3.Connection:
    """Open an index file for reading, from any thread. Raises IndexUnavailable where it is none of ours."""
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=1.0, check_same_thread=False
        )
    except (sqlite3.Error, ValueError):
        raise IndexUnavailable(f"There is no index {path}; 'grafter index' builds it.") from None
    try:
        _check_header(connection)
    except sqlite3.Error as error:
        connection.close()
        raise _damaged(path, str(error)) from None
    except IndexUnavailable:
        connection.close()
        raise
    return connection


def find_fault(path: Path, workspace: Path) -> str | None:
    """Return why an index file must not be believed, in a few words, or None where it is sound.

    Reads the whole file once (SQLite's quick check; about a second for each gigabyte).
    """
    try:
        if path.stat().st_size % _PAGE_BYTES:
            return "it is cut off"
        with contextlib.closing(open_reading(path)) as connection:
            if _tables(connection) != _own_tables():
                return "its tables are not ours"
            (said,) = connection.execute("SELECT value FROM meta WHERE key = 'workspace'").fetchone() or ("",)
            if said != str(workspace):
                return "it is of another folder"
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            return None if verdict == "ok" else str(verdict)
    except IndexUnavailable as error:
        return str(error)
    except (sqlite3.Error, OSError, OverflowError, TypeError, ValueError) as error:
        return str(error)


def remove(path: Path) -> None:
    """Delete an index file with what SQLite keeps beside it. Raises OSError where the system refuses."""
    for ending in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _check_header(connection: sqlite3.Connection) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise IndexUnavailable("This file is not an index of Grafter; 'grafter index' builds one.")
    if version != SCHEMA_VERSION:
        raise IndexUnavailable("This index was written by another version of Grafter; 'grafter index' rebuilds it.")


def _tables(connection: sqlite3.Connection) -> set[tuple[str, str | None]]:
    """Return the tables and indexes of a database with their definitions, but for those that SQLite keeps itself."""
    rows = connection.execute("SELECT name, sql FROM sqlite_master")
    return {(name, sql) for name, sql in rows if not name.startswith("sqlite_stat")}


def _own_tables() -> set[tuple[str, str | None]]:
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(_TABLES)
        return _tables(connection)


def _damaged(path: Path, why: str) -> IndexUnavailable:
    return IndexUnavailable(f"The index {path} is damaged ({why}); 'grafter index' rebuilds it.")
