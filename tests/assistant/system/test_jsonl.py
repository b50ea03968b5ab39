"""One dialect of JSON lines: whole lines from several writers, and nothing of what was cut off."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.system import jsonl
from assistant.system.jsonl import LineReader, LineWriter
from tests.support.patience import PATIENCE_S

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
ROWS = st.lists(st.dictionaries(st.text(max_size=8), VALUES, max_size=4), max_size=6)


@given(ROWS, st.integers(0, 60))
def test_what_is_written_is_read_and_what_is_cut_off_is_not(tmp_path_factory, rows, cut):
    place = tmp_path_factory.mktemp("lines") / "file.jsonl"
    with LineWriter(place) as write:
        for row in rows:
            write(row)
    data = place.read_bytes()
    assert data.isascii()
    assert data.count(b"\n") == len(rows)
    assert jsonl.read(place) == jsonl.read_all(place) == rows
    place.write_bytes(data[: max(len(data) - cut, 0)])
    left = jsonl.read(place)
    assert left == rows[: len(left)]
    assert len(left) >= len(rows) - 1 - cut // 3
    with LineWriter(place) as write:
        write({"next": 1})
    again = jsonl.read(place)
    assert again[-1] == {"next": 1}
    assert again[:-1][: len(left)] == left


def test_two_processes_that_append_give_whole_lines(tmp_path):
    place = tmp_path / "file.jsonl"
    code = (
        "import sys\nfrom pathlib import Path\nfrom assistant.system.jsonl import LineWriter\n"
        "with LineWriter(Path(sys.argv[1])) as write:\n"
        "    for number in range(400):\n"
        "        write({'who': sys.argv[2], 'number': number, 'text': sys.argv[2] * (number * 50)})\n"
    )
    command = [sys.executable, "-P", "-c", code, str(place)]
    writers = [subprocess.Popen([*command, who]) for who in "ab"]
    follower, seen = LineReader(place), []
    while any(writer.poll() is None for writer in writers):
        seen += follower.read()
    assert [writer.wait() for writer in writers] == [0, 0]
    seen += follower.read()
    assert jsonl.read_all(place) == seen
    for who in "ab":
        mine = [row for row in seen if row["who"] == who]
        assert [row["number"] for row in mine] == list(range(400))
        assert all(row["text"] == who * (row["number"] * 50) for row in mine)


def test_a_writer_that_begins_within_the_line_of_another_spoils_neither(tmp_path):
    place = tmp_path / "file.jsonl"
    first, second = jsonl.encode({"who": "a"}), {"who": "b"}
    place.write_bytes(first[:4])
    with LineWriter(place) as write:  # it takes what is there for cut off
        with place.open("ab") as other:
            other.write(first[4:])
        write(second)
    assert place.read_bytes() == first + b"\n" + jsonl.encode(second)
    assert jsonl.read_all(place) == jsonl.read(place) == list(LineReader(place).read()) == [{"who": "a"}, second]


def test_a_killed_writer_leaves_whole_lines_and_one_that_is_none(tmp_path):
    place = tmp_path / "file.jsonl"
    code = (
        "import sys\nfrom pathlib import Path\nfrom assistant.system.jsonl import LineWriter\n"
        "write = LineWriter(Path(sys.argv[1]))\nprint('ready', flush=True)\nnumber = int(sys.argv[2])\n"
        "while True:\n    write({'number': number, 'text': 'x' * 100_000})\n    number += 1\n"
    )
    for _ in range(5):
        next_one = len(jsonl.read(place)) if place.exists() else 0
        command = [sys.executable, "-P", "-c", code, str(place), str(next_one)]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE)
        writer.stdout.readline()
        while not jsonl.read(place)[next_one:]:
            pass
        writer.kill()
        writer.communicate()
        rows = jsonl.read(place)
        assert [row["number"] for row in rows] == list(range(len(rows)))
        assert all(len(row["text"]) == 100_000 for row in rows)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_is_an_error():
    with LineWriter(Path("/dev/full")) as write, pytest.raises(OSError, match="No space left"):
        write({"a": 1})


def test_a_disk_that_takes_half_a_line_does_not_spoil_the_next(tmp_path, monkeypatch):
    place = tmp_path / "file.jsonl"
    plain, calls = os.write, []

    def nearly_full(handle, data):
        calls.append(bytes(data))
        if len(calls) == 2:
            return plain(handle, bytes(data)[:5])
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        return plain(handle, data)

    with LineWriter(place) as write:
        monkeypatch.setattr(jsonl.os, "write", nearly_full)
        write({"number": 1})
        with pytest.raises(OSError, match="No space"):
            write({"number": 2})
        write({"number": 3})
    assert jsonl.read(place) == [{"number": 1}, {"number": 3}]
    with pytest.raises(ValueError, match="line 2"):
        jsonl.read_all(place)


def test_a_follower_sees_lines_when_they_are_whole_and_begins_anew_with_a_new_file(tmp_path):
    place = tmp_path / "file.jsonl"
    follower = LineReader(place)
    assert list(follower.read()) == []
    place.write_bytes(b'{"a": 1}\n{"a"')
    assert list(follower.read()) == [{"a": 1}]
    with place.open("ab") as file:
        file.write(b': 2}\n[3]\nnonsense\n\n{"a": 4}\n')
    assert list(follower.read()) == [{"a": 2}, {"a": 4}]
    assert list(follower.read()) == []
    place.write_bytes(b'{"a": 5}\n')
    assert list(follower.read()) == [{"a": 5}]


def test_a_line_that_is_too_long_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr(jsonl, "MOST_BYTES", 64)
    place = tmp_path / "file.jsonl"
    rows = [{"a": 1}, {"a": "x" * 200}, {"a": 2}, {"a": "y" * 300}, {"a": "z" * 54}, {"a": "z" * 55}, {"a": "z" * 56}]
    place.write_bytes(b"".join(map(jsonl.encode, rows)))
    read = jsonl.read(place)
    assert read == [row for row in rows if len(jsonl.encode(row)) <= 64]
    assert list(LineReader(place).read()) == read


def test_a_torn_end_is_taken_off(tmp_path):
    place = tmp_path / "file.jsonl"
    for whole, torn in ((b"", b""), (b"", b"x" * 100_000), (b'{"a": 1}\n', b'{"b"'), (b'{"a": 1}\n', b"y" * 200_000)):
        place.write_bytes(whole + torn)
        jsonl.cut_torn(place)
        assert place.read_bytes() == whole


@pytest.mark.parametrize("line", [b"", b"1", b"[]", b"null", b"{", b'{"a": }', b"\xff", b"[" * 100_000])
def test_what_is_no_object_is_nothing(line):
    assert jsonl.decode(line) is None


def test_lines_of_a_pipe_come_as_they_are_written():
    exit_, entry = os.pipe()
    lines = jsonl.lines_of(exit_)
    os.write(entry, b"one\ntw")
    assert next(lines) == b"one"
    os.write(entry, b"o\nthree")
    assert next(lines) == b"two"
    threading.Thread(target=os.close, args=(entry,)).start()
    assert list(lines) == [b"three"]
    os.close(exit_)


def test_a_pipe_is_written_to_as_it_is(tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("no named pipes")
    os.mkfifo(tmp_path / "pipe")
    got = []
    thread = threading.Thread(target=lambda: got.append((tmp_path / "pipe").read_bytes()))
    thread.start()
    with LineWriter(tmp_path / "pipe", 0o666) as write:
        write({"a": 1})
    thread.join(PATIENCE_S)
    assert [json.loads(line) for line in got] == [{"a": 1}]
