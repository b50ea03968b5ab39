"""The index is like the workspace: after a scan, after single changes, and with unsaved text."""

import os
import shutil
import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.retrieval.index.indexer import changes_rules
from assistant.retrieval.index.writer import IndexWriter

ONE = "def one():\n    return two()\n"
TWO = "import one\n\n\ndef two():\n    return one.one()\n"


def names(desk) -> set[str]:
    return {hit.name for path in desk.paths() for hit in desk.reader.symbols_of(path)}


def test_a_scan_reads_everything_once_and_says_what_it_left_out(desk):
    made = desk({"a.py": ONE, "b/c.py": TWO, "d.md": "# Title\n\ntext\n", "e.png": "x", "node_modules/x.js": "y"})
    assert made.paths() == {"a.py", "b/c.py", "d.md"}
    assert [(row.language, row.files, row.lines) for row in made.reader.files()] == [("python", 2, 7), (None, 1, 3)]
    assert made.reader.complete
    again = made.scan()
    assert (again.done, again.total, again.read, again.removed) == (3, 3, 0, 0)
    assert dict(again.left_out) == {"binary": 1, "dependencies": 1}
    assert again.examples["binary"] == ["e.png"]


def test_a_workspace_without_end_is_indexed_up_to_a_limit(desk, monkeypatch):
    monkeypatch.setattr("assistant.retrieval.index.indexer.MOST_FILES", 3)
    made = desk({f"{i}.py": ONE for i in range(9)})
    assert made.paths() == {"0.py", "1.py", "2.py"}
    assert made.scan().examples["too many files"] == ["3.py"]


def test_what_changed_is_read_what_is_gone_is_forgotten(desk):
    made = desk({"a.py": ONE, "b.py": TWO, "c.py": "x = 1\n"})
    made.write("a.py", "def three(): pass\n")
    (made.root / "b.py").unlink()
    made.write("new.py")
    scan = made.scan()
    assert (scan.read, scan.removed) == (2, 1)
    assert made.paths() == {"a.py", "c.py", "new.py"}
    assert "three" in names(made)
    assert "two" not in names(made)
    assert made.reader.search(["two"], 5) == []


def test_a_file_that_was_only_touched_is_not_another_one(desk):
    made = desk({"a.py": ONE})
    version = made.reader.version
    os.utime(made.root / "a.py", (1_000_000, 1_000_000))
    assert made.scan().read == 0
    assert made.writer.find("a.py").mtime_ns == 1_000_000 * 10**9
    assert made.reader.version == version


def test_a_change_within_one_tick_of_the_clock_is_seen(desk):
    made = desk({"a.py": "x = 1\n"})
    status = (made.root / "a.py").stat()
    made.write("a.py", "y = 2\n")
    os.utime(made.root / "a.py", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert made.scan().read == 1


def test_the_version_differs_after_each_change_and_only_then(desk):
    made = desk({"a.py": ONE})
    seen = [made.reader.version]
    made.scan()
    assert made.reader.version == seen[-1]
    for change in (lambda: made.write("a.py", TWO), lambda: made.write("b.py"), (made.root / "b.py").unlink):
        change()
        made.scan()
        assert made.reader.version not in seen
        seen.append(made.reader.version)


def test_single_files_and_folders_are_refreshed(desk, everything):
    made = desk({"a.py": ONE, "sub/b.py": TWO, "sub/deep/c.py": "c = 1\n"})
    made.write("a.py", TWO)
    assert made.indexer.refresh(["a.py"])
    assert not made.indexer.refresh(["a.py", "gone.py", "sub"])
    (made.root / "sub").rename(made.root / "moved")
    assert made.indexer.refresh(["sub", "moved"])
    assert made.paths() == {"a.py", "moved/b.py", "moved/deep/c.py"}
    shutil.rmtree(made.root / "moved")
    made.write("moved", "a file now\n")
    assert made.indexer.refresh(["moved"])
    assert made.paths() == {"a.py", "moved"}
    (made.root / "a.py").rename(made.root / "z.py")
    assert made.indexer.refresh(["a.py", "z.py"])
    assert made.paths() == {"z.py", "moved"}
    assert everything(made.file) == everything(desk({"z.py": TWO, "moved": "a file now\n"}).file)


def test_a_file_that_counts_no_more_is_forgotten(desk):
    made = desk({"a.py": ONE, "b.py": TWO})
    made.write("a.py", "x\0y")
    made.write("b.py", "y" * 2_000_000)
    assert made.indexer.refresh(["a.py", "b.py"])
    assert made.paths() == set()


def test_changed_rules_need_a_scan(desk):
    made = desk({"a.py": ONE, "out/b.py": TWO})
    assert [changes_rules(path) for path in (".gitignore", "sub/.gitignore", ".git/info/exclude", "a.py")] == [
        True,
        True,
        True,
        False,
    ]
    made.write(".gitignore", "out/\n")
    made.scan()
    assert made.paths() == {"a.py"}
    made.write("out/new.py")
    assert not made.indexer.refresh(["out", "out/new.py"])


def test_unsaved_text_counts_until_it_is_saved_or_closed(desk, everything):
    made = desk({"a.py": ONE, "b.py": "x = 1\n"})
    before = everything(made.file)
    assert made.indexer.overlay("a.py", "def unsaved(): pass\n")
    assert not made.indexer.overlay("a.py", "def unsaved(): pass\n")
    assert names(made) == {"unsaved", "x"}
    made.write("a.py", "def meanwhile(): pass\n")
    made.scan()
    assert not made.indexer.refresh(["a.py"])
    assert names(made) == {"unsaved", "x"}
    made.write("a.py", ONE)
    assert made.indexer.overlay("a.py", None)
    assert not made.indexer.overlay("a.py", None)
    assert everything(made.file) == before


def test_unsaved_text_of_a_new_file_and_of_one_that_does_not_count(desk):
    made = desk({"a.py": ONE, ".gitignore": "secret.py\n"})
    assert made.indexer.overlay("new/b.py", "def fresh(): pass\n")
    made.scan()
    assert made.paths() == {"a.py", "new/b.py"}
    for path in (".env", "secret.py", "../out.py", "/abs.py", ".git/config"):
        assert not made.indexer.overlay(path, "KEY = 1\n")
    made.indexer.drop_overlays()
    assert made.paths() == {"a.py"}


def test_unsaved_text_does_not_survive_the_process(desk):
    made = desk({"a.py": ONE})
    made.indexer.overlay("a.py", "def unsaved(): pass\n")
    made.indexer.overlay("never.py", "def saved(): pass\n")
    made.writer.close()  # as if the process had been killed
    made.writer = IndexWriter(made.file, made.root)
    made.indexer = type(made.indexer)(made.root, made.writer)
    made.scan()
    assert names(made) == {"one"}
    assert made.paths() == {"a.py"}


def test_an_edit_keeps_the_chunks_that_it_does_not_touch(desk):
    parts = [f"def f{i}():\n" + "    work()\n" * 38 for i in range(9)]
    made = desk({"a.py": "".join(parts)})

    def ids() -> set[int]:
        with sqlite3.connect(made.file) as connection:
            found = {row[0] for row in connection.execute("SELECT id FROM chunks")}
        connection.close()
        return found

    before = ids()
    parts[4] = parts[4].replace("work", "rest", 1) + "    more()\n"
    made.write("a.py", "".join(parts))
    made.scan()
    assert len(before & ids()) == len(before) - 1
    assert made.reader.text_of("a.py", 1, 999) == "".join(parts).rstrip("\n")


EDITS = st.lists(
    st.tuples(
        st.sampled_from(["write", "delete", "overlay", "close", "scan"]),
        st.sampled_from(["a.py", "b.py", "sub/c.js", "sub/d.md"]),
        st.sampled_from([ONE, TWO, "", "\n", "x = 1", "class A:\n" + "    def f(self): pass\n" * 70, "größe = 1\n"]),
    ),
    max_size=12,
)


@given(EDITS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_the_index_is_what_a_new_one_would_be(desk, everything, edits):
    made = desk({"a.py": ONE})
    saved = {"a.py": ONE}
    for kind, path, text in edits:
        match kind:
            case "write":
                made.write(path, text)
                saved[path] = text
                made.indexer.refresh([path])
            case "delete":
                (made.root / path).unlink(missing_ok=True)
                saved.pop(path, None)
                made.indexer.refresh([path])
            case "overlay":
                made.indexer.overlay(path, text)
            case "close":
                made.indexer.overlay(path, None)
            case _:
                made.scan()
    made.indexer.drop_overlays()
    fresh = desk(saved)
    assert everything(made.file) == everything(fresh.file)
    for one in (made, fresh):
        one.reader.close()


@pytest.mark.parametrize("text", ["", "\n", "x", "a\n\nb", "a\r\nb\r\n"])
def test_the_text_of_a_file_is_in_its_chunks(desk, text):
    made = desk({"a.txt": text})
    assert made.reader.text_of("a.txt", 1, 99) == text.replace("\r\n", "\n").removesuffix("\n")
