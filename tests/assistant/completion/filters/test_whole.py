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


@pytest.mark.parametrize(
    ("path", "text", "written"),
    [
        ("a.php", "<?php\nuse |;\nf();\n", "$this"),
        ("a.go", "package a\n\nfunc f(|, b B) error {\n\treturn nil\n}\n", "(c *C)"),
        ("a.js", "var | = express();\n", "(object)"),
        ("a.js", "const { a } = this.|\nf();\n", "it('adds', () => {"),
        ("A.java", "class A {\n    int f() {\n        return this.|;\n    }\n}\n", "(1, p.getIntValue())"),
        ("a.ts", "options.path = options.|;\n", "('Request finished.')"),
        ("a.py", "from __future__ import |\nx = 1\n", "b is not None"),
        ("a.c", "static int |;\nint b;\n", '("a failed")'),
        ("a.cs", "class A\n{\n    int b = |;\n}\n", "= 1"),
        ("a.cpp", "int a = b.|;\nint c;\n", "(1)"),
        ("a.rs", "fn f() {\n    let a = b.|;\n}\n", "(1)"),
        ("a.rb", "x = a.|\ny = 1\n", ")("),
    ],
)
def test_a_line_that_any_name_makes_whole_is_made_whole(hole, path, text, written):
    for trigger in ("auto", "manual"):
        place = hole(text, path, trigger=trigger)
        assert FINAL["broken-syntax"](place, Draft(written)) is None
        assert FINAL["broken-syntax"](place, Draft("value")) == Draft("value")


@pytest.mark.parametrize(
    ("path", "text", "written"),
    [
        ("a.rb", "def f\n  if foo(|)\nend\n", "a"),
        ("a.js", "function f() {\n  if (|\n}\n", "a"),
        ("a.sh", "f() {\n  while read -r li|\n}\n", "ne; do"),
    ],
)
def test_a_line_that_no_name_makes_whole_may_stay_unfinished(hole, path, text, written):
    assert FINAL["broken-syntax"](hole(text, path), Draft(written)) is not None


@pytest.mark.parametrize(
    ("path", "line"), [("a.c", "int x = = 1;\n"), ("a.js", "let x = = 1;\n"), ("a.go", "x := := 1\n")]
)
def test_in_a_file_with_errors_what_is_opened_is_closed_too(hole, path, line):
    place = hole(f"{line}f(1);\n|\ng(2);\n", path, trigger="manual")
    assert place.syntax.errors
    for written in ("{", "if (a) {\n  b();", "h(1,\n  2"):
        assert FINAL["broken-syntax"](place, Draft(written)) is None
    assert FINAL["broken-syntax"](place, Draft("h(1);\nif (a) {\n  b();")).text == "h(1);"
    for written in ("if (a) {\n  b();\n}", "h(1);"):
        assert FINAL["broken-syntax"](place, Draft(written)).text == written


def test_in_a_file_with_errors_a_head_may_open_what_is_closed_below(hole):
    place = hole("int x = = 1;\n|\n  g(2);\n}\n", "a.c", trigger="manual")
    assert FINAL["broken-syntax"](place, Draft("void f() {")).text == "void f() {"


def test_an_end_too_many_breaks_a_file_whose_grammar_takes_it_for_a_name(hole, stream):
    ruby = "class A\n  def f\n    b\n    |\n  end\n\n  def g\n    c\n  end\nend\n"
    assert stream(hole(ruby, "a.rb"), "end", 1)[0].text == ""
    assert stream(hole(ruby, "a.rb"), "c if d\n", 1)[0].text == "c if d"
    assert stream(hole("def f\n  if a\n    b\n  |\nend\n", "a.rb"), "end", 1)[0].text == "end"
