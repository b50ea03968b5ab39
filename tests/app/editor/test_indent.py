"""Indentation rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.editor.indent import (
    after_line,
    backspace_length,
    columns,
    detect_unit,
    leading,
    opens_pair,
    outdented,
    shifted,
    shifted_back,
    to_next_stop,
)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("", None),
        ("a\nb\n", None),
        ("def f():\n  x\n  y\n", "  "),
        ("def f():\n    x\n    if y:\n        z\n", "    "),
        ("f {\n\tx;\n\tif {\n\t\ty;\n\t}\n}\n", "\t"),
        ("f(a,\n  b)\nclass A:\n    x\n    def f():\n        y\n", "    "),
    ],
)
def test_unit_is_found_in_the_text(text, unit):
    assert detect_unit(text) == unit


@pytest.mark.parametrize(
    ("before", "python_like", "expected"),
    [
        ("x = 1", True, ""),
        ("    x = 1", True, "    "),
        ("def f():", True, "    "),
        ("    if x:  # why: so", True, "        "),
        ("s = 'a:'", True, ""),
        ("s = '#' + x[1:", True, ""),
        ("case 1:", False, ""),
        ("call(", True, "    "),
        ("  if (x) {", False, "      "),
        ("        return x", True, "    "),
        ("    pass", True, ""),
        ("    return f(", True, "        "),
        ("    return f(a,", True, "    "),
        ("    return x;", False, "    "),
        ("    returned = 1", True, "    "),
        ("\tif x:", True, "\t    "),
        ("", True, ""),
    ],
)
def test_new_line(before, python_like, expected):
    assert after_line(before, "    ", python_like) == expected


def test_tabs_go_deeper_by_a_tab():
    assert after_line("\tif x:", "\t", python_like=True) == "\t\t"
    assert after_line("\t\tbreak", "\t", python_like=True) == "\t"


@pytest.mark.parametrize(
    ("indentation", "unit", "expected"),
    [
        ("        ", "    ", "    "),
        ("      ", "    ", "    "),
        ("  ", "  ", ""),
        ("", "    ", ""),
        ("\t\t", "\t", "\t"),
    ],
)
def test_outdent(indentation, unit, expected):
    assert outdented(indentation, unit) == expected


@given(st.text(" \t", max_size=12), st.sampled_from(["  ", "    ", "\t"]))
def test_outdenting_often_enough_ends_at_the_margin(indentation, unit):
    for _ in range(20):
        shorter = outdented(indentation, unit)
        assert indentation.startswith(shorter)
        assert not indentation or len(shorter) < len(indentation)
        indentation = shorter
    assert indentation == ""


@given(st.text(" \tab", max_size=12), st.integers(2, 8))
def test_tab_reaches_a_stop(before, width):
    unit = " " * width
    assert columns(before + to_next_stop(before, unit)) % width == 0
    assert to_next_stop(before, "\t") == "\t"


@pytest.mark.parametrize(
    ("before", "length"), [("", 1), ("    ", 4), ("      ", 2), ("   ", 3), ("  x ", 1), ("\t", 1), ("\t  ", 2)]
)
def test_backspace(before, length):
    assert backspace_length(before, "    ") == length


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [("f(", ")", True), ("{ ", " }", True), ("f(", "]", False), ("f", ")", False), ("f(", "", False), ("", ")", False)],
)
def test_between_brackets(before, after, expected):
    assert opens_pair(before, after) is expected


def test_shifting_leaves_blank_lines_alone():
    assert shifted("", "    ") == ""
    assert shifted("  ", "    ") == "  "
    assert shifted_back("  ", "    ") == "  "
    assert shifted("  x", "    ") == "      x"
    assert leading("\t  x ") == "\t  "


@pytest.mark.parametrize(
    ("line", "unit", "tab_width", "expected"),
    [
        ("      x", "    ", 4, "  x"),
        ("  x", "    ", 4, "x"),
        ("\tx", "    ", 4, "x"),
        ("\tx", "    ", 8, "    x"),
        ("  \tx", "    ", 4, "x"),
        ("    x", "\t", 4, "x"),
        ("    x", "\t", 8, "x"),
        ("x", "    ", 4, "x"),
    ],
)
def test_shifting_back_takes_a_level_of_columns(line, unit, tab_width, expected):
    assert shifted_back(line, unit, tab_width) == expected


@given(st.text(" \tx\r\x0c\xa0", max_size=14), st.sampled_from(["\t", " ", "  ", "    ", " " * 8]), st.integers(1, 8))
def test_shifting_back_undoes_shifting(line, unit, tab_width):
    assert shifted_back(shifted(line, unit), unit, tab_width) == line
