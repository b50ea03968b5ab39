"""Lines that are there at once, and a disk that is full."""

import json
from pathlib import Path

import pytest

from assistant.errors import DiskError, InputError
from assistant.measure.evaluate.lines import open_lines


def test_each_line_is_there_at_once_and_more_can_be_added(tmp_path):
    path = tmp_path / "rows.jsonl"
    with open_lines(path) as write:
        write({"text": "naïve\n"})
        assert [json.loads(line) for line in path.read_text().splitlines()] == [{"text": "naïve\n"}]
    with open_lines(path, append=True) as write:
        write({"n": 2})
    assert len(path.read_text().splitlines()) == 2
    with open_lines(path):
        pass
    assert path.read_text() == ""


def test_without_a_file_nothing_is_written():
    with open_lines(None) as write:
        write({"n": 1})


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(InputError, match="cannot be written"), open_lines(tmp_path):
        pass


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_sentence_with_the_files_name():
    with (
        pytest.raises(DiskError, match="/dev/full cannot be written: No space left"),
        open_lines(Path("/dev/full")) as w,
    ):
        w({"n": 1})
