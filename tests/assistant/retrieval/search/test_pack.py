import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.retrieval.search.candidate import Candidate
from assistant.retrieval.search.pack import pack, render
from assistant.retrieval.search.rank import Ranked
from tests.support import memory_index

FILES = {
    name: "".join(f"{name} line {number} says {'much ' * (number % 5)}\n" for number in range(1, 41)) for name in "abc"
}


def ranked(path, first, last, score=1.0, short=""):
    text = "".join(FILES[path].splitlines(keepends=True)[first - 1 : last])
    return Ranked(Candidate(path, first, last, text, "search", "why", 0.5, short), score)


def packed(*candidates, budget=1000):
    return pack(candidates, budget, memory_index.count_words)


def test_the_file_with_the_best_piece_stands_last_and_lines_in_order():
    pieces = packed(ranked("a", 20, 22, 9), ranked("b", 1, 3, 8), ranked("a", 5, 6, 1))
    assert [(piece.path, piece.first_line) for piece in pieces] == [("b", 1), ("a", 5), ("a", 20)]
    files = render(pieces)
    assert [file.path for file in files] == ["b", "a"]
    assert files[1].text == pieces[1].text + "\n" + pieces[2].text


def test_neighbours_become_one_piece():
    (piece,) = packed(ranked("a", 4, 6, 2), ranked("a", 7, 9, 3), ranked("a", 1, 3, 1))
    assert (piece.first_line, piece.last_line, piece.score) == (1, 9, 3)
    assert piece.text == "".join(FILES["a"].splitlines(keepends=True)[:9])


@pytest.mark.parametrize(
    ("second", "lines"),
    [((8, 14), [(5, 14)]), ((1, 6), [(1, 10)]), ((6, 9), [(5, 10)]), ((1, 20), [(5, 10)])],
)
def test_lines_that_are_there_are_not_taken_again(second, lines):
    pieces = packed(ranked("a", 5, 10, 2), ranked("a", *second, 1))
    assert [(piece.first_line, piece.last_line) for piece in pieces] == lines


def test_a_definition_that_is_too_long_is_told_in_short():
    short = "def f(x):\n"
    (piece,) = packed(ranked("a", 1, 40, short=short), budget=60)
    assert (piece.text, piece.short) == (short, True)
    (piece,) = packed(ranked("a", 1, 2, short=short), budget=100)
    assert not piece.short


def test_what_does_not_fit_leaves_room_for_what_does():
    pieces = packed(ranked("a", 1, 40, 2), ranked("b", 1, 2, 1), budget=60)
    assert [piece.path for piece in pieces] == ["b"]
    assert packed(ranked("a", 1, 40), budget=20) == ()
    assert packed() == ()


spans = st.tuples(st.sampled_from("abc"), st.integers(1, 40), st.integers(0, 12), st.floats(0.1, 9), st.booleans())


@given(st.lists(spans, max_size=30), st.integers(0, 400))
def test_never_over_the_budget_whole_lines_no_line_twice(found, budget):
    candidates = [
        ranked(path, first, min(first + more, 40), score, f"{path} in short\n" if short else "")
        for path, first, more, score, short in found
    ]
    candidates.sort(key=lambda each: -each.score)
    pieces = pack(candidates, budget, memory_index.count_words)
    assert sum(piece.tokens for piece in pieces) <= budget
    rendered = render(pieces)
    assert sum(memory_index.count_words([text for file in rendered for text in (file.path, file.text)])) <= budget
    taken = [(piece.path, line) for piece in pieces for line in range(piece.first_line, piece.last_line + 1)]
    assert len(set(taken)) == len(taken)
    for piece in pieces:
        lines = FILES[piece.path].splitlines(keepends=True)[piece.first_line - 1 : piece.last_line]
        assert piece.text == ("".join(lines) if not piece.short else f"{piece.path} in short\n")
