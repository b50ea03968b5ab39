"""Where a line ends that the limit on its length cut."""

import pytest

from assistant.completion.filters import FINAL
from assistant.completion.filters.draft import Draft


@pytest.mark.parametrize(
    ("path", "text", "written", "want"),
    [
        ("a.py", "total = |\n", "first_value + second_value + third_va", "first_value + second_value"),
        ("a.py", "from a import |\n", "first, second, thi", "first, second"),
        ("a.py", "|\n", "total = compu", "total ="),
        ("a.py", "|\n", "compu", ""),
        ("a.py", "total = comp|\n", "ute_al", ""),
        ("a.py", "# |\n", "The sum of both numbers, which are gi", "The sum of both numbers, which are"),
        ("a.py", "x = '|'\n", "The sum of both numbers, which are gi", "The sum of both numbers, which are"),
        ("a.py", "x = |\n", "'The sum of both numbers, which are gi", "'The sum of both numbers, which are"),
        ("a.js", "const x = |\n", "first.second.thi", "first.second"),
        ("a.js", "const x = |\n", "first && second || $thi", "first && second"),
        ("a.ts", "const x = |\n", "first?.second?.thi", "first?.second"),
        ("a.rs", "let x = |\n", "first::second::thi", "first::second"),
        ("a.c", "x = |\n", "first->second->thi", "first->second"),
        ("a.cpp", "x = |\n", "call(first) << second << thi", "call(first) << second"),
        ("a.java", "int x = |\n", "first == second", "first"),
        ("a.go", "x := |\n", "first + secon", "first"),
        ("a.c", "int x[] = { |\n", "0x10, 0x20, 0x3", "0x10, 0x20"),
        ("a.py", "x = f(|\n", "first, key=secon", "first, key="),
        ("a.py", "x = f(|\n", "first, g(secon", "first, g("),
        ("a.py", "x = f(|\n", "first, g(second)", "first, g(second)"),
        ("a.py", "x = f(|\n", "größe + größ", "größe"),
        ("a.py", "x = [|\n", "1, 2,", "1, 2"),
        (None, "|\n", "some words and ha", "some words and"),
        ("a.py", "def f(a):|\n", "\n    return first + secon", "\n    return first"),
    ],
)  # fmt: skip
def test_a_line_that_was_cut_ends_with_a_whole_word(hole, path, text, written, want):
    place = hole(text, path)
    cut = FINAL["unfinished-line"](place, Draft(written, cut_short=True))
    assert cut.text.rstrip() == want
    assert FINAL["unfinished-line"](place, Draft(written)) == Draft(written)


def test_blanks_at_the_end_are_no_line_of_their_own(hole):
    assert FINAL["unfinished-line"](hole("|\n"), Draft("one\n  ", cut_short=True)).text == "one\n  "
