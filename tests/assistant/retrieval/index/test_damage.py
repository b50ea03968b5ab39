"""An index file that is not what it should be is built anew, never believed."""

import random
import shutil
import sqlite3
from contextlib import closing

import pytest

from assistant.retrieval.index import schema
from assistant.retrieval.index.indexer import Indexer
from assistant.retrieval.index.place import index_file, resolved
from assistant.retrieval.index.reader import IndexReader
from assistant.retrieval.index.schema import IndexUnavailable
from assistant.retrieval.index.writer import IndexBusy, IndexWriter

FILES = {f"m{i}.py": f"import m{i - 1}\n\n\ndef f{i}():\n    return call_{i}()\n" * 20 for i in range(12)}


@pytest.fixture
def built(desk, everything):
    """Return a closed index, and what it holds."""
    made = desk(FILES)
    made.close()
    return made, everything(made.file)


def rebuild(made) -> str | None:
    """Open the index for writing and scan; return why it was thrown away."""
    with closing(IndexWriter(made.file, made.root)) as writer:
        list(Indexer(made.root, writer).scan())
        return writer.rebuilt


def test_a_sound_file_is_kept(built, everything):
    made, before = built
    assert rebuild(made) is None
    assert everything(made.file) == before


def test_truncated_at_any_point(built, everything):
    made, before = built
    data = made.file.read_bytes()
    for end in sorted(
        {0, 1, 15, 16, 99, 100, 1000, 4096, len(data) // 3, len(data) // 2, len(data) - 4096, len(data) - 1}
    ):
        made.file.write_bytes(data[:end])
        assert rebuild(made) is not None, end
        assert everything(made.file) == before, end


@pytest.mark.parametrize("seed", range(8))
def test_random_bytes_anywhere_never_stay_and_never_crash(built, everything, seed):
    made, before = built
    chance = random.Random(seed)
    data = bytearray(made.file.read_bytes())
    pages = chance.sample(range(len(data) // 4096), 6)
    for page in [0, *pages] if seed % 2 else pages:
        data[page * 4096 : page * 4096 + 512] = chance.randbytes(512)
    made.file.write_bytes(bytes(data))
    assert rebuild(made) is not None
    assert everything(made.file) == before


@pytest.mark.parametrize("content", [b"", b"not a database at all\n" * 400, b"SQLite format 3\0" + b"\0" * 5000])
def test_another_file_in_its_place(built, everything, content):
    made, before = built
    made.file.write_bytes(content)
    with pytest.raises(IndexUnavailable):
        IndexReader(made.file)
    assert rebuild(made) is not None
    assert everything(made.file) == before


@pytest.mark.parametrize(
    "change", ["PRAGMA user_version = 99", "PRAGMA application_id = 7", "DROP TABLE chunks", "DELETE FROM meta"]
)
def test_another_schema_another_program_or_missing_tables(built, everything, change):
    made, before = built
    with closing(sqlite3.connect(made.file)) as connection:
        connection.execute(change)
        connection.commit()
    assert rebuild(made) is not None
    assert everything(made.file) == before


def test_somebody_elses_database_is_not_read(tmp_path):
    with closing(sqlite3.connect(tmp_path / "index.db")) as connection:
        connection.execute("CREATE TABLE files (path)")
        connection.commit()
    with pytest.raises(IndexUnavailable, match="not an index"):
        IndexReader(tmp_path / "index.db")


def test_the_index_of_another_folder(built, tmp_path, everything):
    made, _ = built
    other = tmp_path / "other"
    shutil.copytree(made.root, other)
    (other / "m0.py").unlink()
    with closing(IndexWriter(made.file, other)) as writer:
        assert writer.rebuilt == "it is of another folder"
        list(Indexer(other, writer).scan())
        assert len(writer.known()) == len(FILES) - 1


def test_a_log_without_its_file_is_thrown_away(built, everything):
    made, before = built
    made.file.unlink()
    made.file.with_name("index.db-wal").write_bytes(b"x" * 5000)
    assert rebuild(made) is None
    assert everything(made.file) == before


def test_damage_that_is_met_while_reading_is_said(built):
    made, _ = built
    with closing(IndexReader(made.file)) as reader:
        data = bytearray(made.file.read_bytes())
        data[4096:] = random.Random(1).randbytes(len(data) - 4096)
        made.file.write_bytes(bytes(data))
        with pytest.raises(IndexUnavailable, match="rebuilds it"):
            reader.definitions([f"f{number}" for number in range(12)], 99)


def test_one_process_writes_at_a_time(desk):
    made = desk({"a.py": "x = 1\n"})
    with pytest.raises(IndexBusy):
        IndexWriter(made.file, made.root)
    made.close()
    IndexWriter(made.file, made.root).close()


def test_a_group_of_changes_is_seen_whole_or_not_at_all(desk):
    made = desk({"a.py": "figure = 1\n"})
    version = made.reader.version

    def fail() -> None:
        with made.writer.changing():
            made.writer.remove("a.py")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert made.reader.version == version
    assert made.paths() == {"a.py"}
    assert made.reader.search(["figure"], 1)


def test_faults_are_found_without_changing_the_file(built):
    made, _ = built
    data = made.file.read_bytes()
    assert schema.find_fault(made.file, made.root) is None
    assert schema.find_fault(made.file, made.root / "else") == "it is of another folder"
    assert made.file.read_bytes() == data


def test_the_place_of_an_index_is_readable_and_its_own(tmp_path, grafter_home):
    from assistant.config import find_paths

    one, two = tmp_path / "a" / "My Project!", tmp_path / "b" / "My Project!"
    one.mkdir(parents=True)
    two.mkdir(parents=True)
    places = {index_file(find_paths(), folder) for folder in (one, two, one / "..", one / "." / "")}
    assert len(places) == 3
    file = index_file(find_paths(), one)
    assert file.is_relative_to(grafter_home / "index")
    assert file.parent.name.startswith("my-project-")
    assert resolved(one / ".." / one.name) == resolved(one)
