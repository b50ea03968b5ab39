"""The file of the records: an SQLite database that several windows write to at once, bounded, and erasable."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import sqlite3
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import astuple, fields
from pathlib import Path
from typing import TypeVar

from assistant.editing.acceptance.record import Record
from assistant.editing.acceptance.retention import AFTER_S
from assistant.editing.acceptance.summary import Counts, Summary, Tally, summarise
from assistant.errors import DiskError, GrafterError

MOST = 50_000
"""Suggestions that are kept; the oldest make room."""

_APPLICATION_ID = 0x47524641  # "GRFA"
_SCHEMA_VERSION = 1
_TABLE = """
CREATE TABLE suggestions (
    -- Never used twice: a window may hold the number of a record that another one erases.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- As the person's clock had it, like 2026-05-31: finding it for each row anew would take most of a summary's time.
    day TEXT NOT NULL,
    at INTEGER NOT NULL, shown_ms INTEGER NOT NULL, trigger TEXT NOT NULL, fate TEXT NOT NULL, how TEXT,
    characters INTEGER NOT NULL, lines INTEGER NOT NULL, taken INTEGER NOT NULL, typed INTEGER NOT NULL,
    presses INTEGER NOT NULL, language TEXT NOT NULL, model TEXT NOT NULL, adapter TEXT NOT NULL,
    -- The share of what was taken that is still there, 0 to 1; NULL: nobody looked.
    there_30 REAL, there_120 REAL, there_300 REAL
)
"""
_COLUMNS = ", ".join(["day", *(field.name for field in fields(Record))])
_MARKS = ", ".join("?" for _ in _COLUMNS.split(", "))
_FATES = ("typed", "dismissed", "edited", "moved", "replaced")
# In the order of the fields of Counts.
_SUMS = ", ".join(
    [
        "count(*), sum(taken > 0), sum(how IS 'all'), sum(how IS 'line'), sum(how IS 'word')",
        *(f"sum(taken = 0 AND fate = '{fate}')" for fate in _FATES),
        "sum(taken), sum(taken - presses)",
        *(f"total(there_{after}), count(there_{after})" for after in AFTER_S),
    ]
)
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_PAUSE_S = 0.01
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}

_Result = TypeVar("_Result")


class StoreBusy(GrafterError):  # noqa: N818 - a state that callers wait out
    """Another window writes just now; try again a little later."""

    code = "busy"


class NewerStore(DiskError):  # noqa: N818 - a state, more than a mistake
    """A newer program wrote the file: it is neither read nor put aside."""


class _Foreign(Exception):  # noqa: N818 - never leaves this file
    """The file is something else."""


class _Newer(Exception):  # noqa: N818 - never leaves this file
    """A newer program wrote the file."""


class AcceptanceStore:
    """Opens its file when it is first used, and makes it where there is none.

    A damaged file, or one that is something else, is put aside and begun anew; ``notice`` then says so in a sentence.
    Everything here raises StoreBusy where another process writes for longer than ``timeout_s``, and DiskError where
    the file cannot be used or was written by a newer program. For one thread.
    """

    def __init__(self, file: Path, *, timeout_s: float = 5.0) -> None:
        self.file = file
        self.notice = ""
        self._timeout_s = timeout_s
        self._connection: sqlite3.Connection | None = None
        self._inode = 0

    def add(self, records: Sequence[Record]) -> list[int]:
        """Keep records; return their numbers."""

        def run(connection: sqlite3.Connection) -> list[int]:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                statement = f"INSERT INTO suggestions ({_COLUMNS}) VALUES ({_MARKS})"  # noqa: S608 - own names
                numbers = [
                    connection.execute(statement, (_day(record.at).isoformat(), *astuple(record))).lastrowid or 0
                    for record in records
                ]
                connection.execute("DELETE FROM suggestions WHERE id <= (SELECT max(id) FROM suggestions) - ?", (MOST,))
            return numbers

        return self._run(run)

    def set_there(self, shares: Sequence[tuple[int, int, float]]) -> None:
        """Note how much of what was taken is still there: number of the record, one of AFTER_S, share from 0 to 1."""

        def run(connection: sqlite3.Connection) -> None:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                for number, after_s, share in shares:
                    if after_s not in AFTER_S:
                        raise ValueError(after_s)
                    statement = f"UPDATE suggestions SET there_{after_s} = ? WHERE id = ?"  # noqa: S608 - own names
                    connection.execute(statement, (share, number))

        self._run(run)

    def summary(self, days: int | None = None, now: float | None = None) -> Summary:
        """Return the figures of the last ``days`` days with today, or of all; ``now`` is in seconds since 1970."""
        if self._connection is None and not self.file.exists():
            return summarise([], None, days)
        today = _day(time.time() if now is None else now)
        since = (today - dt.timedelta(days=days - 1)).isoformat() if days else ""

        def run(connection: sqlite3.Connection) -> Summary:
            groups = "day, language, model, adapter, trigger"
            statement = f"SELECT {groups}, {_SUMS} FROM suggestions WHERE day >= ? GROUP BY {groups}"  # noqa: S608
            tallies = [
                Tally(*row[:5], counts=Counts(*row[5:])) for row in connection.execute(statement, (since,)).fetchall()
            ]
            return summarise(tallies, _median(connection, since), days)

        return self._run(run)

    def erase(self) -> None:
        """Forget everything, also what was put aside. What the disk held is overwritten, or deleted with its file."""

        def run(connection: sqlite3.Connection) -> None:
            with connection:
                connection.execute("DELETE FROM suggestions")
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

        with self._errors_for_people():
            self._aside.unlink(missing_ok=True)
        if self._connection is None and not self.file.exists():
            return
        try:
            self._run(run)
        except NewerStore:
            self._delete("-wal", "-shm", "-journal", "")

    def close(self) -> None:
        """Let the file go."""
        connection, self._connection = self._connection, None
        if connection is not None:
            # Closing writes the journal into the file; where that fails the next opening does it.
            with contextlib.suppress(sqlite3.Error):
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
            connection.close()

    # --- opening, and what may be wrong with the file ---------------------------------------

    @property
    def _aside(self) -> Path:
        return self.file.with_name(f"{self.file.name}.damaged")

    def _run(self, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        """Do some work with the file; once more with a new one where it turns out to be none of ours."""
        with self._errors_for_people():
            try:
                return work(self._open())
            except _Foreign:
                self._put_aside()
            except sqlite3.DatabaseError as error:
                if not _is(error, _DAMAGED):
                    raise
                self._put_aside()
            return work(self._open())

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.file, timeout=self._timeout_s, isolation_level=None)
            try:
                self._inode = self.file.stat().st_ino
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Prepare the file; wait where another window does so, since SQLite does not wait for the change to WAL."""
        until = time.monotonic() + self._timeout_s
        while True:
            try:
                return _prepare(connection)
            except sqlite3.OperationalError as error:
                if not _is(error, _BUSY) or time.monotonic() >= until:
                    raise
                time.sleep(_PAUSE_S)

    def _put_aside(self) -> None:
        self.close()
        # Unless another window has done it, and begun the file anew, meanwhile.
        if self.file.exists() and self.file.stat().st_ino == self._inode:
            self._delete("-wal", "-shm", "-journal")  # first: a new file must never find them
            os.replace(self.file, self._aside)  # noqa: PTH105 - takes the place of one put aside before
        self.notice = (
            f"The record of what became of suggestions was damaged; it was put aside as {self._aside} and begun anew."
        )

    def _delete(self, *endings: str) -> None:
        """Delete files that begin with the file's name."""
        for ending in endings:
            self.file.with_name(self.file.name + ending).unlink(missing_ok=True)

    @contextlib.contextmanager
    def _errors_for_people(self) -> Generator[None]:
        try:
            yield
        except _Newer:
            raise NewerStore(
                f"The record of what became of suggestions, {self.file}, was written by a newer Grafter; "
                "update Grafter, or begin anew with 'grafter acceptance --erase'."
            ) from None
        except (sqlite3.Error, OSError, _Foreign) as error:
            if isinstance(error, sqlite3.Error) and _is(error, _BUSY):
                raise StoreBusy(
                    "Another window writes to the record of what became of suggestions; try again."
                ) from None
            raise DiskError(
                f"The record of what became of suggestions, {self.file}, cannot be used ({error}); "
                "check its folder, or switch keeping it off in the settings."
            ) from None


def _prepare(connection: sqlite3.Connection) -> None:
    """Make sure that the file is ours, with its table; make the table in an empty file."""
    connection.text_factory = _text
    connection.execute("PRAGMA secure_delete = ON")
    # With a write-ahead log this does not wait for the disk, and a crash loses the last records at most.
    connection.execute("PRAGMA synchronous = NORMAL")
    if _own(connection) is None:
        connection.execute("PRAGMA journal_mode = WAL")
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            if _own(connection) is None:  # else another window was quicker
                connection.execute(_TABLE.strip())
                connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
    if not _own(connection):
        raise _Foreign("it is none of Grafter's files")


def _own(connection: sqlite3.Connection) -> bool | None:
    """Return whether the file is ours, None for an empty one. Raises _Newer where a newer program wrote it."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    tables = connection.execute("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'").fetchall()
    if not tables and not application:
        return None
    if application == _APPLICATION_ID and version > _SCHEMA_VERSION:
        raise _Newer
    return application == _APPLICATION_ID and tables == [("suggestions", _TABLE.strip())]


def _day(seconds: float) -> dt.date:
    """Return the day here of a time in seconds since 1970."""
    return dt.datetime.fromtimestamp(seconds).astimezone().date()


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _median(connection: sqlite3.Connection, since: str) -> float | None:
    """Return the median of the milliseconds for which suggestions were shown; None without any."""
    (count,) = connection.execute("SELECT count(*) FROM suggestions WHERE day >= ?", (since,)).fetchone()
    statement = "SELECT shown_ms FROM suggestions WHERE day >= ? ORDER BY shown_ms LIMIT ? OFFSET ?"
    middle = connection.execute(statement, (since, 2 - count % 2, (count - 1) // 2)).fetchall() if count else []
    return sum(ms for (ms,) in middle) / len(middle) if middle else None


def _is(error: sqlite3.Error, codes: set[int]) -> bool:
    """Whether SQLite gave one of these primary codes; errors of Python's own module have none."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in codes
