import pytest

from assistant.errors import InputError
from assistant.measure.evaluate.compare import compare, to_json


def answer(id_, exact, passed=None, **more):
    return {"id": id_, "answer": "x", "canonical_solution": "y", "exact_match": exact, "passed": passed, **more}


def test_pairs_are_counted(write_rows):
    first = write_rows(
        [answer("a", True, True), answer("b", True, False), answer("c", False), answer("d", True)], "1.jsonl"
    )
    second = write_rows(
        [answer("c", True), answer("a", True, False), answer("b", False, False, answer="z"), answer("e", True)],
        "2.jsonl",
    )
    found = compare(first, second)
    exact = found.exact_match
    assert (exact.n, exact.only_first, exact.only_second, exact.p_value) == (3, ("b",), ("c",), 1.0)
    assert (exact.first, exact.second) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert (found.pass_at_1.n, found.pass_at_1.only_first) == (2, ("a",))
    assert (found.same_answers, found.unpaired) == (2, 2)
    assert to_json(found)["exact_match"]["only_second"] == ("c",)


def test_without_tests_in_both_nothing_is_said_of_them(write_rows):
    assert compare(write_rows([answer("a", True, True)], "1"), write_rows([answer("a", True)], "2")).pass_at_1 is None


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "has no rows"),
        ([{"id": "a"}], "line 1: this is no row"),
        ([answer("b", True)], "no row in common"),
        ([{**answer("a", True), "canonical_solution": "other"}], "another solution"),
        (["{"], "line 1: this is not JSON"),
    ],
)
def test_files_that_do_not_fit_are_one_sentence(write_rows, rows, said):
    with pytest.raises(InputError, match=said):
        compare(write_rows([answer("a", True)], "1.jsonl"), write_rows(rows, "2.jsonl"))
