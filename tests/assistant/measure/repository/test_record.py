"""The file of answers: written at once, and gone on with after an end that nobody planned."""

import json

import pytest

from assistant.errors import InputError
from assistant.measure.repository.ask import to_json
from assistant.measure.repository.record import open_record, read_record
from tests.support.asked_holes import make_asked

NAMES = ("base", "retrieval")
SETTINGS = {"model": "m", "seed": 0}
ASKED = [make_asked(number, True, False) for number in range(3)]
HOLES = [each.hole for each in ASKED]


def write(path, count=3, settings=SETTINGS, resume=False):
    with open_record(path, settings, resume=resume) as record:
        for each in ASKED[:count]:
            record(to_json(each))
            assert json.loads(path.read_text().splitlines()[-1])["id"] == each.hole.id  # at once


def test_rows_are_read_again(tmp_path):
    path = tmp_path / "out.jsonl"
    assert read_record(path, SETTINGS, HOLES, NAMES) == {}
    write(path)
    assert json.loads(path.read_text().splitlines()[0]) == {"run": SETTINGS}
    found = read_record(path, SETTINGS, HOLES, NAMES)
    assert list(found) == [hole.id for hole in HOLES]
    assert [to_json(each) for each in found.values()] == [to_json(each) for each in ASKED]


def test_a_line_that_was_cut_off_is_taken_away(tmp_path):
    path = tmp_path / "out.jsonl"
    write(path)
    path.write_bytes(path.read_bytes()[:-40])
    assert len(read_record(path, SETTINGS, HOLES, NAMES)) == 2
    with open_record(path, SETTINGS, resume=True) as record:
        record(to_json(ASKED[2]))
    assert len(read_record(path, SETTINGS, HOLES, NAMES)) == 3


def test_rows_of_other_holes_and_odd_ones_are_passed_over(tmp_path):
    path = tmp_path / "out.jsonl"
    write(path)
    with path.open("a") as file:
        file.write('{"id": "x"}\n{"no": 1}\n' + json.dumps({"id": HOLES[0].id, "truth": 3, "arms": []}) + "\n")
    assert list(read_record(path, SETTINGS, HOLES[:2], NAMES)) == [hole.id for hole in HOLES[:2]]


def test_another_measurement_is_not_gone_on_with(tmp_path):
    path = tmp_path / "out.jsonl"
    write(path)
    with pytest.raises(InputError, match=r"of another measurement .seed is 0, not 1.; name another file"):
        read_record(path, {**SETTINGS, "seed": 1}, HOLES, NAMES)
    path.write_text('{"id": "a row of something else"}\n')
    with pytest.raises(InputError, match=r"of another measurement .no such file."):
        read_record(path, SETTINGS, HOLES, NAMES)


def test_a_file_of_something_else_is_left_as_it_is(tmp_path):
    path = tmp_path / "notes.txt"
    for text in ("one\ntwo", "one", '[1]\n{"a"'):
        path.write_text(text)
        with pytest.raises(InputError, match=r"of another measurement .no such file."):
            read_record(path, SETTINGS, HOLES, NAMES)
        assert path.read_text() == text
    path.write_text("")
    assert read_record(path, SETTINGS, HOLES, NAMES) == {}


def test_without_resume_the_file_begins_anew(tmp_path):
    path = tmp_path / "out.jsonl"
    write(path)
    write(path, 1)
    assert len(path.read_text().splitlines()) == 2
    write(path, 2, resume=True)
    assert len(path.read_text().splitlines()) == 4


def test_nowhere_and_where_nothing_can_be_written(tmp_path):
    with open_record(None, SETTINGS, resume=False) as record:
        record({"any": 1})
    with pytest.raises(InputError, match="cannot be written"), open_record(tmp_path, SETTINGS, resume=False):
        pass
