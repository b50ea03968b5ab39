"""What the index process understands, and its life with files and an editor, in this process: no window, no service."""

import contextlib
import io
import json
import os
import sqlite3
import threading
from pathlib import Path

import pytest

from assistant.config import find_paths
from assistant.errors import InputError
from assistant.retrieval.index.build import keep, parse_command, read_lines
from assistant.retrieval.index.index_loop import Changed, IndexLoop, Stop, Unsaved
from assistant.retrieval.index.indexer import Indexer
from assistant.retrieval.index.place import index_file
from assistant.retrieval.index.reader import IndexReader
from assistant.retrieval.index.watch import relative
from assistant.retrieval.index.writer import IndexWriter
from tests.support.patience import PATIENCE_S, wait_until


@pytest.mark.parametrize(
    ("line", "heard"),
    [
        (b'{"stop": true}', Stop()),
        (b'{"text": {"path": "a.py", "text": "x\\r\\ny"}}', Unsaved("a.py", "x\ny")),
        (b'{"text": {"path": "a\\\\b.py", "text": null}}', Unsaved("a/b.py", None)),
        (b'{"text": {"path": "./a/../b.py", "text": "\\ud800x"}}', Unsaved("b.py", "?x")),
        (b'{"text": {"path": 1, "text": "x"}}', None),
        (b'{"text": {"path": "a"}}', None),
        (b'{"stop": false}', None),
        (b"[]", None),
        (b"\xff", None),
        (b"", None),
    ],
)
def test_commands(line, heard):
    assert parse_command(line) == heard


def test_lines_are_put_together_however_they_come():
    entry, exit_ = os.pipe()
    lines = read_lines(entry)
    os.write(exit_, b"one\ntw")
    assert next(lines) == b"one"
    os.write(exit_, b"o\n\nthr")
    assert [next(lines), next(lines)] == [b"two", b""]
    os.write(exit_, b"ee")
    os.close(exit_)
    assert list(lines) == [b"three"]
    os.close(entry)


@pytest.mark.parametrize(
    ("path", "inside"), [("/w", ""), ("/w/a/b.py", "a/b.py"), ("/other/a", ""), ("/w..", ""), ("/", "")]
)
def test_paths_of_a_workspace(path, inside):
    assert relative("/w", path) == inside


class Said(list):
    """What was said, and a way to wait for it."""

    def wait(self, event: str, count: int = 1) -> dict:
        wait_until(lambda: len(self.of(event)) >= count, lambda: (event, list(self)))
        return self.of(event)[count - 1]

    def of(self, event: str) -> list[dict]:
        return [said for said in self if said["event"] == event]


@pytest.fixture
def living(desk):
    """Return what starts a keeper in a thread: (workspace with index, keeper, what it said)."""
    ends = []

    def start(files: dict[str, str], *, listens: bool = True, alive=lambda: True):
        made = desk(files)
        said = Said()
        made.close()
        # A connection belongs to the thread that opened it.
        ready = threading.Event()
        kept: list[IndexLoop] = []

        def run() -> None:
            with contextlib.closing(IndexWriter(made.file, made.root)) as writer:
                made.indexer = Indexer(made.root, writer)
                kept.append(IndexLoop(made.indexer, writer, said.append, alive, listens=listens))
                ready.set()
                kept[0].run()

        thread = threading.Thread(target=run)
        thread.start()
        ready.wait(PATIENCE_S)
        ends.append((kept[0], thread))
        said.wait("ready")
        made.reader = IndexReader(made.file)
        return made, kept[0], said

    yield start
    for keeper, thread in ends:
        keeper.heard.put(Stop())
        thread.join(PATIENCE_S)


def test_a_keeper_follows_files_and_texts_and_forgets_the_texts_at_its_end(living):
    made, keeper, said = living({"a.py": "def a(): pass\n"})
    made.write("b.py", "def b(): pass\n")
    keeper.heard.put(Changed("b.py"))
    assert said.wait("changed") == {"event": "changed", "files": 2, "lines": 2}
    keeper.heard.put(Unsaved("a.py", "def unsaved(): pass\n"))
    said.wait("changed", 2)
    assert made.reader.definitions(["unsaved"], 1)
    keeper.heard.put(Changed("a.py"))  # what is not another text is not said
    made.write(".gitignore", "b.py\n")
    keeper.heard.put(Changed(".gitignore"))
    assert said.wait("changed", 3)["files"] == 1
    keeper.heard.put(Stop())
    wait_until(lambda: not made.reader.definitions(["unsaved"], 1))
    assert made.reader.definitions(["a"], 1)


def test_where_the_system_cannot_tell_the_keeper_looks_itself(living, monkeypatch):
    monkeypatch.setattr("assistant.retrieval.index.index_loop._LOOK_SECONDS", 0.02)
    made, _, said = living({"a.py": "x = 1\n"}, listens=False)
    made.write("b.py", "def b(): pass\n")
    assert said.wait("changed")["files"] == 2


def test_a_checkout_of_many_files_is_one_scan(living, monkeypatch):
    monkeypatch.setattr("assistant.retrieval.index.index_loop._MOST_SINGLE_PATHS", 3)
    made, keeper, said = living({"a.py": "x = 1\n"})
    for number in range(20):
        made.write(f"m{number}.py")
    for number in range(5):
        keeper.heard.put(Changed(f"m{number}.py"))
    said.wait("changed")
    wait_until(lambda: sum(row.files for row in made.reader.files()) == 21)


def test_a_keeper_ends_with_its_parent(living, monkeypatch):
    monkeypatch.setattr("assistant.retrieval.index.index_loop._TICK_SECONDS", 0.02)
    lives = [True]
    living({"a.py": "x = 1\n"}, alive=lambda: lives[0])
    lives[0] = False
    wait_until(lambda: not any("run" in thread.name for thread in threading.enumerate()))


def test_an_index_that_breaks_while_it_is_kept_is_built_anew(living, monkeypatch):
    made, keeper, said = living({f"m{i}.py": f"def f{i}(): pass\n" for i in range(30)})
    keeper.heard.put(Unsaved("m1.py", "def unsaved(): pass\n"))
    said.wait("changed")
    before = made.reader.version
    refresh = made.indexer.refresh

    def broken(_paths: object) -> bool:
        monkeypatch.setattr(made.indexer, "refresh", refresh)
        raise sqlite3.DatabaseError("database disk image is malformed")

    monkeypatch.setattr(made.indexer, "refresh", broken)
    keeper.heard.put(Changed("m0.py"))
    said.wait("changed", 3)  # the unsaved text, again, and the whole scan
    assert made.reader.version.partition(":")[0] != before.partition(":")[0]
    assert sum(row.files for row in made.reader.files()) == 30
    assert made.reader.definitions(["unsaved"], 1)
    assert not made.reader.definitions(["f1"], 1)


def test_a_workspace_has_to_be_a_folder(tmp_path):
    with pytest.raises(InputError, match="no folder"):
        keep(tmp_path / "gone", io.BytesIO(), print, lambda: True)


def test_from_commands_to_the_index(tmp_path: Path):
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "a.py").write_text("def a(): pass\n")
    said: list[dict] = []
    commands = [json.dumps({"text": {"path": "a.py", "text": "def b(): pass"}}).encode(), b"what?", b'{"stop": true}']
    keep(tmp_path / "w", commands, said.append, lambda: True)
    assert [one["event"] for one in said if one["event"] == "refused"] == ["refused"]
    reader = IndexReader(index_file(find_paths(), tmp_path / "w"))
    assert [hit.name for hit in reader.symbols_of("a.py")] in (["a"], [])
    reader.close()
