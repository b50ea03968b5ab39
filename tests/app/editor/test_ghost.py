"""What a suggestion becomes under typing, and how its line looks."""

import pytest

from app.editor.ghost import Ghost, Suggestion


@pytest.mark.parametrize(
    ("position", "removed", "inserted", "rest"),
    [
        (5, 0, "re", Suggestion(7, "turn \U0001f600")),
        (5, 0, "return ", Suggestion(12, "\U0001f600")),
        (5, 0, "return \U0001f600", None),
        (5, 0, "x", None),
        (4, 0, "r", None),
        (5, 1, "r", None),
        (5, 1, "", None),
    ],
)
def test_after_edit(position, removed, inserted, rest):
    assert Suggestion(5, "return \U0001f600").after_edit(position, removed, inserted) == rest


def test_runs_move_apart_at_the_cursor():
    ghost = Ghost("ab", "XY\nZ", "cd")
    assert ghost.shown == "abXY\u2028Zcd"
    runs = ghost.runs(((0, 1, "keyword"), (1, 2, "string"), (3, 1, "number")), "ghost")
    assert sorted(runs) == [
        (0, 1, "keyword"),
        (1, 1, "string"),
        (2, 4, "ghost"),
        (6, 1, "string"),
        (7, 1, "number"),
    ]


def test_places_on_screen_and_in_the_line():
    ghost = Ghost("\U0001f600", "XY", "c")
    assert [ghost.line_position(i) for i in range(6)] == [0, 1, 2, 2, 2, 3]


def test_what_is_replaced_is_not_shown():
    ghost = Ghost("f(", "a, b)", ":", ")")
    assert ghost.shown == "f(a, b):"
    runs = ghost.runs(((0, 1, "name"), (1, 3, "sign")), "ghost")
    assert sorted(runs) == [(0, 1, "name"), (1, 1, "sign"), (2, 5, "ghost"), (7, 1, "sign")]
    assert [ghost.line_position(i) for i in range(9)] == [0, 1, 2, 2, 2, 2, 2, 2, 4]


def test_a_run_inside_of_what_is_replaced_goes_with_it():
    ghost = Ghost("f", "(x)", "", "()")
    assert ghost.runs(((0, 1, "name"), (1, 2, "sign")), "ghost") == ((0, 1, "name"), (1, 3, "ghost"))
