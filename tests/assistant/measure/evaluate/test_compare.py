import pytest

from assistant.errors import InputError
from assistant.measure.evaluate.compare import ONE, compare, to_json


def answer(id_, exact, passed=None, **more):
    return {"id": id_, "answer": "x", "canonical_solution": "y", "exact_match": exact, "passed": passed, **more}


def hole(id_, language="go", kind="line", **arms):
    marks = {name: {"answer": "x" if exact else "z", "exact_match": exact} for name, exact in arms.items()}
    return {"id": id_, "language": language, "kind": kind, "truth": "x", "arms": marks}


def test_pairs_are_counted(write_rows):
    first = write_rows(
        [answer("a", True, True), answer("b", True, False), answer("c", False), answer("d", True)], "1.jsonl"
    )
    second = write_rows(
        [answer("c", True), answer("a", True, False), answer("b", False, False, answer="z"), answer("e", True)],
        "2.jsonl",
    )
    found = compare(first, second)[ONE]
    exact = found.exact_match
    assert (exact.n, exact.only_first, exact.only_second, exact.p_value) == (3, ("b",), ("c",), 1.0)
    assert (exact.first, exact.second) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert (found.pass_at_1.n, found.pass_at_1.only_first) == (2, ("a",))
    assert (found.same_answers, found.unpaired) == (2, 2)
    assert exact.difference == 0
    assert exact.interval[0] < 0 < exact.interval[1]
    said = to_json(compare(first, second))
    assert said["exact_match"]["only_second"] == ("c",)
    assert said.keys() == {"exact_match", "pass_at_1", "same_answers", "unpaired"}


def test_without_tests_in_both_nothing_is_said_of_them(write_rows):
    found = compare(write_rows([answer("a", True, True)], "1"), write_rows([answer("a", True)], "2"))
    assert found[ONE].pass_at_1 is None


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "has no rows"),
        ([{"id": "a"}], "line 1: this is no row"),
        ([answer("b", True)], "no row in common"),
        ([{**answer("a", True), "canonical_solution": "other"}], "another solution"),
        (["{"], "line 1: this is not JSON"),
        ([hole("a", editor=True)], "has the arms editor and .*1.jsonl has none"),
        ([hole("a")], "line 1: this is no row"),
        ([{**hole("a"), "arms": {"editor": {"answer": "x"}}}], "line 1: this is no row"),
        ([{**hole("a"), "arms": {"editor": "x"}}], "line 1: this is no row"),
        ([hole("a", editor=True), hole("b", plain=True)], "line 2: this is no row"),
    ],
)
def test_files_that_do_not_fit_are_one_sentence(write_rows, rows, said):
    with pytest.raises(InputError, match=said):
        compare(write_rows([answer("a", True)], "1.jsonl"), write_rows(rows, "2.jsonl"))


def test_each_arm_of_both_is_compared_by_language_and_kind(write_rows):
    first = write_rows(
        [hole("a", editor=True, plain=False), hole("b", "rust", "block", editor=False, plain=False)], "1.jsonl"
    )
    second = write_rows(
        [hole("b", "rust", "block", plain=True, editor=True), hole("a", plain=False, editor=True)], "2.jsonl"
    )
    found = compare(first, second)
    assert list(found) == ["editor", "plain"]
    editor = found["editor"]
    assert (editor.exact_match.difference, editor.exact_match.only_second) == (0.5, ("b",))
    assert {name: (each.first, each.second) for name, each in editor.by_language.items()} == {
        "go": (1, 1),
        "rust": (0, 1),
    }
    assert editor.by_kind["block"].difference == 1
    assert (editor.same_answers, editor.unpaired, editor.pass_at_1) == (1, 0, None)
    assert list(compare(first, second, "plain")) == ["plain"]
    said = to_json(found)["arms"]
    assert said["plain"]["by_kind"]["line"]["n"] == 1
    assert said["editor"]["exact_match"]["interval"] == (0, 1)


def test_what_a_repository_was_measured_with_is_no_row(write_rows):
    rows = [{"run": {"seed": 0}}, hole("a", base=True, retrieval=False)]
    found = compare(write_rows(rows, "1.jsonl"), write_rows(rows, "2.jsonl"))
    assert found["base"].exact_match.n == 1
    assert found["base"].same_answers == 1


def test_arms_that_are_not_there_are_one_sentence(write_rows):
    both = write_rows([hole("a", editor=True, plain=True)], "1.jsonl")
    with pytest.raises(InputError, match=r"1.jsonl has no arm 'less'; there are editor, plain\."):
        compare(both, both, "less")
    with pytest.raises(
        InputError, match=r"No arm is in both files: .*1.jsonl has editor, plain, .*2.jsonl has infill\."
    ):
        compare(both, write_rows([hole("a", infill=True)], "2.jsonl"))
    one = write_rows([answer("a", True)], "3.jsonl")
    with pytest.raises(InputError, match="leave --arm out"):
        compare(one, one, "editor")
    with pytest.raises(InputError, match=r"1.jsonl has the arms editor, plain and .*3.jsonl has none"):
        compare(both, one)
