import pytest

from assistant.retrieval.search.candidate import Candidate
from assistant.retrieval.search.excerpt import excerpt, lines_for
from assistant.retrieval.search.query import Query

NEAR = Query(("user_store",), ("user_store", "user", "store"), "")


def candidate(lines, short=""):
    return Candidate("a.py", 101, 100 + len(lines), "\n".join(lines) + "\n", "search", "why", 0.5, short)


def test_the_lines_that_speak_of_the_cursor_and_what_follows_them():
    lines = [f"filler_{number} = 1" for number in range(40)]
    lines[20] = "user = user_store.load()"
    found = excerpt(candidate(lines), NEAR, 8)
    assert found.text.splitlines() == lines[found.first_line - 101 : found.last_line - 100]
    assert found.last_line - found.first_line + 1 == 8
    assert lines.index("user = user_store.load()") - (found.first_line - 101) < 4
    assert found.last_line - 101 > 22


def test_the_end_can_be_reached():
    lines = [f"filler_{number} = 1" for number in range(41)]
    lines[40] = "user = user_store.load()"
    assert excerpt(candidate(lines), NEAR, 8).last_line == 141


@pytest.mark.parametrize("whole", [candidate(["x = 1"] * 8), candidate(["x = 1"] * 40, short="x\n")])
def test_what_is_short_and_what_has_a_short_form_stays(whole):
    assert excerpt(whole, NEAR, 8) is whole


@pytest.mark.parametrize(("budget", "lines"), [(0, 8), (256, 8), (512, 16), (1024, 32), (2048, 32)])
def test_a_larger_budget_means_longer_pieces(budget, lines):
    assert lines_for(budget) == lines
