"""The file of the records: what it keeps, several writers, damage, bounds, erasing."""

import dataclasses
import datetime as dt
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from assistant.editing.acceptance import store as store_module
from assistant.editing.acceptance.record import Record
from assistant.editing.acceptance.store import AcceptanceStore, NewerStore, StoreBusy
from assistant.errors import DiskError

NOW = dt.datetime(2026, 6, 3, 12).astimezone().timestamp()
DAY = 86_400
ONE = Record(int(NOW), 1000, "auto", "taken", "all", 10, 1, 10, 0, 1, "Python", "m", "")
GONE = dataclasses.replace(ONE, fate="edited", how=None, taken=0, presses=0, shown_ms=400)


@pytest.fixture
def store(tmp_path: Path):
    with closing(AcceptanceStore(tmp_path / "data" / "acceptance.db", timeout_s=0.05)) as store:
        yield store


def count(store: AcceptanceStore) -> int:
    return store.summary(now=NOW).total.shown


def test_what_is_kept_is_found_again(store: AcceptanceStore) -> None:
    parts = dataclasses.replace(ONE, how="word", taken=4, presses=2, fate="edited", language="Go", adapter="mine")
    store.add([ONE, GONE, dataclasses.replace(GONE, fate="typed"), parts])
    with closing(AcceptanceStore(store.file)) as again:
        summary = again.summary(now=NOW)
    assert dataclasses.astuple(summary.total) == (4, 2, 1, 0, 1, 1, 0, 1, 0, 0, 14, 11, 0, 0, 0, 0, 0, 0)
    assert summary.median_shown_ms == 700
    assert [(row.name, row.counts.shown) for row in summary.languages] == [("Python", 3), ("Go", 1)]
    assert [(row.name, row.counts.shown) for row in summary.models] == [("m", 3), ("m + mine", 1)]
    assert [(period.start, period.counts.shown) for period in summary.periods] == [(dt.date(2026, 6, 3), 4)]


def test_how_much_is_still_there_comes_later(store: AcceptanceStore) -> None:
    first, second = store.add([ONE, ONE])
    store.set_there([(first, 30, 1.0), (second, 30, 0.5), (first, 300, 0.0), (999, 30, 1.0)])
    total = store.summary(now=NOW).total
    assert (total.there_30, total.known_30, total.known_120, total.there_300, total.known_300) == (1.5, 2, 0, 0, 1)


def test_nothing_is_made_by_looking(store: AcceptanceStore) -> None:
    assert count(store) == 0
    store.erase()
    assert not store.file.exists()


def test_the_range_is_in_whole_days_with_today(store: AcceptanceStore) -> None:
    at = [NOW, NOW - 11 * 3600, NOW - DAY, NOW - 6 * DAY, NOW - 7 * DAY, NOW - 100 * DAY]
    store.add([dataclasses.replace(ONE, at=int(each)) for each in at])
    assert [store.summary(days, NOW).total.shown for days in (1, 7, 8, 101, None)] == [2, 4, 5, 6, 6]
    assert {period.days for period in store.summary(7, NOW).periods} == {1}
    assert {period.days for period in store.summary(90, NOW).periods} == {7}


def test_the_oldest_make_room(store: AcceptanceStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "MOST", 3)
    store.add([dataclasses.replace(ONE, language=name) for name in ("a", "b", "c", "d")])
    store.add([dataclasses.replace(ONE, language="e")])
    assert {row.name for row in store.summary(now=NOW).languages} == {"c", "d", "e"}


def test_erased_is_erased(store: AcceptanceStore) -> None:
    store.add([dataclasses.replace(ONE, language="Brainsmith")] * 50)
    aside = store.file.with_name("acceptance.db.damaged")
    aside.write_bytes(b"old")
    with closing(AcceptanceStore(store.file)) as other:
        assert count(other) == 50
        store.erase()
        assert count(other) == 0
    assert not aside.exists()
    store.close()
    assert b"Brainsmith" not in b"".join(path.read_bytes() for path in store.file.parent.iterdir())


def test_the_number_of_an_erased_record_is_not_used_again(store: AcceptanceStore) -> None:
    [before] = store.add([ONE])
    store.erase()
    [after] = store.add([ONE])
    assert after > before
    store.set_there([(before, 30, 1.0)])
    assert store.summary(now=NOW).total.known_30 == 0


# --- several writers -----------------------------------------------------------------------------

WRITER = """
import sys
from pathlib import Path
from assistant.editing.acceptance.record import Record
from assistant.editing.acceptance.store import AcceptanceStore
store = AcceptanceStore(Path(sys.argv[1]), timeout_s=30)
for index in range(40):
    record = Record(1780000000, index, "auto", "taken", "all", 3, 1, 3, 0, 1, sys.argv[2], "m", "")
    numbers = store.add([record, record])
    store.set_there([(number, 30, 1.0) for number in numbers])
store.close()
print(store.notice)
"""


def test_two_windows_begin_and_write_at_once(tmp_path: Path) -> None:
    file = tmp_path / "new" / "acceptance.db"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(file), name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for name in ("one", "two")
    ]
    for writer in writers:
        assert writer.communicate(timeout=100) == ("\n", "")
    with closing(AcceptanceStore(file)) as store:
        summary = store.summary()
    assert [(row.name, row.counts.shown, row.counts.known_30) for row in summary.languages] == [
        ("one", 80, 80),
        ("two", 80, 80),
    ]


def test_while_another_writes_it_says_so_soon_and_works_afterwards(store: AcceptanceStore) -> None:
    store.add([ONE])
    with closing(sqlite3.connect(store.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match="Another window"):
            store.add([ONE])
        assert count(store) == 1
        other.execute("ROLLBACK")
    store.add([ONE])
    assert count(store) == 2


# --- damage ----------------------------------------------------------------------------------------


def foreign(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")


def other_table(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("ALTER TABLE suggestions ADD COLUMN more TEXT")


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_bytes(b"not a database at all, but long enough to be looked at" * 100),
        lambda file: file.write_bytes(file.read_bytes()[:5000]),
        lambda file: file.write_bytes(file.read_bytes()[:4096] + bytes(range(256)) * 64),
        lambda file: (file.unlink(), foreign(file)),
        other_table,
    ],
    ids=["text", "cut", "overwritten", "foreign", "other table"],
)
def test_a_damaged_file_is_put_aside_and_begun_anew(store: AcceptanceStore, damage) -> None:
    store.add([ONE] * 200)
    store.close()
    damage(store.file)
    before = store.file.read_bytes()
    store.add([ONE])
    assert count(store) == 1
    assert "was damaged; it was put aside as" in store.notice
    assert store.file.with_name("acceptance.db.damaged").read_bytes()[:4096] == before[:4096]
    with closing(AcceptanceStore(store.file)) as again:
        assert (count(again), again.notice) == (1, "")


def test_damage_that_comes_while_it_is_open(store: AcceptanceStore) -> None:
    store.add([ONE] * 2000)
    with closing(AcceptanceStore(store.file)) as other:
        other.summary(now=NOW)
        store.close()
        data = bytearray(store.file.read_bytes())
        data[4096 * 2 :] = bytes(len(data) - 4096 * 2)
        store.file.write_bytes(data)
        other.add([ONE])
        other.summary(now=NOW)
        assert "put aside" in other.notice or count(other) == 2001


def test_what_another_window_began_anew_is_left_alone(store: AcceptanceStore) -> None:
    store.add([ONE])
    store._delete("-wal", "-shm", "")
    with closing(AcceptanceStore(store.file)) as other:
        other.add([GONE])
        store._put_aside()
        assert count(store) == 1
        assert not store._aside.exists()


def test_what_a_newer_program_wrote_is_neither_read_nor_touched_until_it_is_erased(store: AcceptanceStore) -> None:
    store.add([ONE])
    store.close()
    with closing(sqlite3.connect(store.file)) as connection:
        connection.execute("PRAGMA user_version = 2")
    with pytest.raises(NewerStore, match="newer Grafter"):
        store.add([ONE])
    with pytest.raises(NewerStore):
        store.summary()
    assert not store._aside.exists()
    store.erase()
    assert not store.file.exists()
    store.add([ONE])
    assert count(store) == 1


def test_a_folder_that_cannot_be_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with closing(AcceptanceStore(tmp_path / "file" / "acceptance.db")) as store:
        with pytest.raises(DiskError, match="cannot be used"):
            store.add([ONE])
        assert count(store) == 0
    (tmp_path / "acceptance.db").mkdir()
    with closing(AcceptanceStore(tmp_path / "acceptance.db")) as store, pytest.raises(DiskError):
        store.summary()


def test_only_the_times_that_are_looked_at_can_be_told(store: AcceptanceStore) -> None:
    [number] = store.add([ONE])
    with pytest.raises(ValueError, match="60"):
        store.set_there([(number, 60, 1.0)])
