import json

import pytest

from assistant.cli.main import main
from assistant.config import find_paths
from assistant.retrieval.index.place import index_file
from assistant.retrieval.index.writer import IndexWriter


@pytest.fixture
def workspace(tmp_path):
    folder = tmp_path / "work [red]"
    folder.mkdir()
    (folder / "bank[1].py").write_text('def deposit(amount):\n    """Put money in."""\n    audit_trail(amount)\n')
    (folder / "notes.md").write_text("Retry with backoff.\n")
    (folder / "yarn.lock").write_text("x\n")
    return folder


def answer(capsys, *arguments: str) -> dict:
    assert main([*arguments, "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    return json.loads(line)


def test_index_says_what_it_read_and_left_out(workspace, capsys):
    first = answer(capsys, "index", str(workspace))
    assert (first["files"], first["lines"], first["read"], first["kept"]) == (2, 4, 2, False)
    assert first["languages"][0] == {"language": "python", "files": 1, "lines": 3}
    assert first["left_out"] == [{"reason": "lock file", "count": 1, "examples": ["yarn.lock"]}]
    assert first["index"] == str(index_file(find_paths(), workspace))
    assert answer(capsys, "index", str(workspace))["read"] == 0


def test_index_for_people(workspace, capsys):
    assert main(["index", str(workspace)]) == 0
    out = capsys.readouterr().out
    assert "2 files, 4 lines" in out
    assert "Left out, lock file: 1 (yarn.lock)" in out


def test_search_finds_definitions_then_pieces(workspace, capsys):
    main(["index", str(workspace)])
    capsys.readouterr()
    found = answer(capsys, "search", str(workspace), "deposit audit")
    assert [(hit["path"], hit["name"], hit["doc"]) for hit in found["symbols"]] == [
        ("bank[1].py", "deposit", "Put money in.")
    ]
    assert [hit["path"] for hit in found["chunks"]] == ["bank[1].py"]
    assert main(["search", str(workspace), "deposit audit"]) == 0
    out = capsys.readouterr().out
    assert "bank[1].py:1  deposit  def deposit(amount)" in out
    assert "audit_trail(amount)" in out
    assert main(["search", str(workspace), "zzz"]) == 0
    assert "Nothing matches" in capsys.readouterr().out


def test_a_damaged_index_is_built_anew(workspace, capsys):
    main(["index", str(workspace)])
    index_file(find_paths(), workspace).write_bytes(b"no database")
    capsys.readouterr()
    again = answer(capsys, "index", str(workspace))
    assert again["read"] == 2
    assert again["rebuilt"]


def test_an_index_that_another_process_keeps_needs_nothing(workspace, capsys):
    main(["index", str(workspace)])
    capsys.readouterr()
    writer = IndexWriter(index_file(find_paths(), workspace), workspace)
    try:
        assert answer(capsys, "index", str(workspace))["kept"]
        assert main(["index", str(workspace)]) == 0
        assert "nothing to do" in capsys.readouterr().out
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["index", "gone"], "no folder"),
        (["index", "file.txt"], "is a file"),
        (["search", "gone", "x"], "no folder"),
        (["search", ".", "x"], "has no index yet"),
        (["search", ".", "x", "--limit", "0"], "1 to 100"),
    ],
)
def test_bad_input_is_one_line(tmp_path, monkeypatch, capsys, arguments, message):
    (tmp_path / "file.txt").write_text("x")
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
