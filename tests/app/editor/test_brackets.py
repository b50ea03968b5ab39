"""Matching brackets in masked text."""

import pytest

from app.editor.brackets import find_opener, find_pair, mask

LINES = ["def f(a, b[0]):", "    return {a: (b)}", "}", "((", "x)"]


def pair(line, column):
    return find_pair(LINES.__getitem__, len(LINES), line, column)


@pytest.mark.parametrize(
    ("line", "column", "expected"),
    [
        (0, 6, ((0, 5), (0, 13))),
        (0, 5, ((0, 5), (0, 13))),
        (0, 14, ((0, 13), (0, 5))),
        (0, 11, ((0, 10), (0, 12))),
        (1, 19, ((1, 18), (1, 11))),
        (2, 0, None),
        (3, 2, ((3, 1), (4, 1))),
        (3, 0, None),
        (1, 5, None),
    ],
)
def test_pairs(line, column, expected):
    assert pair(line, column) == expected


def test_opener_of_a_bracket_about_to_be_typed():
    lines = ["call(", "    [1, 2],", "    "]
    assert find_opener(lines.__getitem__, 2, 4, ")") == (0, 4)
    assert find_opener(lines.__getitem__, 2, 4, "}") is None


def test_strings_and_comments_do_not_count():
    assert mask("f(')')", ((2, 3, "string"),)) == "f(   )"
    assert mask("a # )", ((0, 1, "variable"), (2, 3, "comment"))) == "a    "
