"""What comes of a cursor stays the same, event by event, whichever way the code that tries is laid out."""

import json

import pytest

from tests.support import recorded_completions as recorded

ROWS = json.loads(recorded.RECORD.read_text(encoding="utf-8"))


@pytest.mark.parametrize("number", range(recorded.CASES))
def test_a_case_comes_out_as_it_was_recorded(number):
    assert recorded.outcome(number) == ROWS[number]


def test_the_record_has_every_way_of_trying():
    tries = [len(row["asked"]) for row in ROWS]
    assert {1, 2, 3, 4} <= set(tries)
    fired = [name for row in ROWS if row["events"][-1][0] == "finished" for name in row["events"][-1][2]]
    for name in ("second-choice", "missing-head", "surer-alone"):
        assert fired.count(name) > 3
    assert any(row["events"][-1][0] == "failed" for row in ROWS)
