"""Each filter alone, by tables."""

import pytest

from assistant.completion.filters import (
    ALTERNATIVE_START,
    FILTERS,
    FINAL,
    JUDGES,
    LAST_LINES,
    MISSING_HEADER,
    SURER_ALONE,
)
from assistant.completion.filters.draft import Draft
from assistant.completion.filters.loops import runs_in_circles
from assistant.completion.filters.repeats import same_line
from assistant.completion.filters.stream import indents_with_tabs, retab
from assistant.types import TokenLogprob

UNSURE = Draft("a", tokens=(TokenLogprob("a", -2.0),), written="a")
UNSURE_BEYOND = Draft("a", tokens=(TokenLogprob("a", -0.5), TokenLogprob("b", -9.0, start=1)), written="ab")


def test_every_filter_has_its_sentence():
    streamed = {"control-tokens", "indentation", "tabs-and-spaces"}
    assert set(FILTERS) == streamed | set(JUDGES) | set(LAST_LINES) | set(FINAL) | {
        MISSING_HEADER,
        ALTERNATIVE_START,
        SURER_ALONE,
    }
    assert all(sentence.endswith(".") for sentence in FILTERS.values())


@pytest.mark.parametrize(
    ("name", "text", "kept", "line", "ends"),
    [
        ("repeats-below", "|\n    return total\n", ["a = 1"], "return total", True),
        ("repeats-below", "|\n}\n", ["a"], "}", True),
        ("repeats-below", "|\n}\n", ["a"], "  }", False),
        ("repeats-below", "|", ["a"], "b", False),
        ("repeats-below", "|\nx\n", ["a"], "", False),
        ("repeats-below", "|\nx\nself.total = compute_total('a', items)\n", ["a"], 'self.total = compute_total("a", items);', True),
        ("repeats-below", "|\nx\nreturn False\n", ["a"], "return False", False),  # says too little, further below
        ("repeats-below", "|\nvalue_one = 1\nvalue_two = call(2)\n", ["value_one = 1;"], "value_two = call( 2 );", True),
        ("repeats-below", "|\nvalue_one = 1\nvalue_two = call(2)\n", ["value_one = 1;"], "value_two = call(3)", False),
        ("repeats-below", "|\nvalue_one = 1\nvalue_two = call(2)\n", ["", ""], "value_two = call(4)", False),
        ("repeats-below", "|\na\nb\n", ["a"], "c", False),
        ("blank-lines", "|", ["a", ""], "", True),
        ("blank-lines", "|", ["a"], "", False),
        ("blank-lines", "|", [""], "", False),
        ("blank-lines", "|", ["a", ""], "b", False),
        ("empty-comment", "|", ["a"], "  #  ", True),
        ("empty-comment", "|", [], "#", False),
        ("empty-comment", "|", ["a"], "# so", False),
        ("leaves-block", "  |", ["  a"], "b", True),
        ("leaves-block", "  |", ["  a"], "  b", False),
        ("leaves-block", "  |", [], "b", False),
        ("leaves-block", "  |", ["  a"], "", False),
        ("leaves-block", "if a:|", ["if a:", "  b"], "else:", False),
        ("leaves-block", "if a:|", ["if a:", "  b"], "c", True),
        ("leaves-block", "|", ["", "  a"], "b", True),
        ("leaves-block", "|", [""], "b", False),
        ("next-statement", "  |\n  z\n", ["  if a:", "    b"], "  c", True),
        ("next-statement", "  |\n  z\n", ["  if a:", "    b"], "  else:", False),
        ("next-statement", "  |\n  z\n", ["  if a:"], "    b", False),
        ("next-statement", "  |\n  z\n", ["  f("], "  a", False),
        ("next-statement", "  |\n  z\n", ["  # so"], "  a", False),
        ("next-statement", "  |\n  z\n", ["  if a:", "    b"], "", False),
        ("next-statement", "  |\n", ["  if a:", "    b"], "  c", False),
        ("repeats-itself", "|", ["a1", "a1"], "a1", True),
        ("repeats-itself", "|", ["}", "}"], "}", False),
        ("repeats-itself", "|", ["a1"], "a1", False),
        ("repeats-itself", "|", ["first_one()", "second_one()", "first_one()"], "second_one()", True),
        ("repeats-itself", "|", ["a()", "b()", "a()"], "b()", False),  # too little to be sure
        ("repeats-itself", "|", ["a1"], "", False),
        ("surplus-bracket", "f(|\n)", ["f(", "  a"], ")", True),
        ("surplus-bracket", "f(|", ["f(", "  a"], ")", False),
        ("surplus-bracket", "f(|)", ["f(", "  a"], ")", False),  # it may yet replace that one
        ("surplus-bracket", "|", [], ")", False),
    ],
)  # fmt: skip
def test_what_ends_a_suggestion_before_a_line(hole, name, text, kept, line, ends):
    assert JUDGES[name](hole(text), kept, line) is ends


@pytest.mark.parametrize(
    ("name", "text", "kept", "ends"),
    [
        ("single-line", "x = |", ["x = 1"], True),
        ("single-line", "x = |", ["x = "], False),
        ("single-line", "x = |", ["x = f("], False),
        ("single-line", "x = f(|a", ["x = f(g("], True),
        ("single-line", "|", ["x"], False),
        ("one-statement", "  |\n  z\n", ["  x = 1"], True),
        ("one-statement", "  |\n  z\n", ["  if a:"], False),
        ("one-statement", "  |\n  z\n", ["  f("], False),
        ("one-statement", "  |\n  z\n", ["  f(", "  )"], True),
        ("one-statement", "  |\n  z\n", ["  if a:", "    b"], False),
        ("one-statement", "  |\n  z\n", ["  @once"], False),
        ("one-statement", "  |\n", ["  x = 1"], False),
        ("body-stands-below", "|\n  z\n", ["if a:"], True),
        ("body-stands-below", "|\nz\n", ["if a:"], False),
        ("body-stands-below", "|\n  z\n", ["a"], False),
        ("body-stands-below", "if a:|\n  z\n", ["if a:"], False),
        ("surplus-bracket", "f(|)", ["f(a).b)"], True),
        ("surplus-bracket", "f(|)", ["f(a"], False),
    ],
)
def test_what_ends_a_suggestion_after_a_line(hole, name, text, kept, ends):
    assert LAST_LINES[name](hole(text, "a.py"), kept) is ends


@pytest.mark.parametrize(
    ("name", "text", "draft", "want"),
    [
        ("unfinished-line", "|", Draft("a\nb", cut_short=True), Draft("a", cut_short=True)),
        ("unfinished-line", "|", Draft("a\nb"), Draft("a\nb")),
        ("unfinished-line", "|", Draft("a", cut_short=True), Draft("", cut_short=True)),
        ("unfinished-line", "x = |", Draft("one + tw", cut_short=True), Draft("one", cut_short=True)),
        ("unfinished-line", "|", Draft("a\n", cut_short=True), Draft("a\n", cut_short=True)),
        ("repeats-rest", "f(|)", Draft("a)"), Draft("a")),
        ("repeats-rest", "f(|)", Draft("g(a)"), Draft("g(a)")),
        ("repeats-rest", "f(|", Draft("a)"), Draft("a)")),
        ("repeats-rest", "f(|, b)", Draft("a, b)"), Draft("a")),
        ("repeats-rest", "f(|b)", Draft("lamb"), Draft("lamb")),
        ("repeats-rest", "f(|name)", Draft("a, n"), Draft("a, n")),
        ("repeats-rest", 'f("|")', Draft('a"'), Draft("a")),
        ("repeats-rest", 'f(|")', Draft('"a"'), Draft('"a"')),
        ("repeats-rest", 'f(|"a")', Draft('b, "a"'), Draft('b, ')),
        ("repeats-rest", "f(|;", Draft("a;"), Draft("a")),
        ("replaces-rest", "f(|)", Draft("a).b"), Draft("a).b", 1)),
        ("replaces-rest", "f(|) + 1", Draft("a).b"), Draft("a).b")),
        ("replaces-rest", "f(|)", Draft("a].b"), Draft("a].b")),
        ("replaces-rest", "f(|)", Draft("a"), Draft("a")),
        ("replaces-rest", "f(|", Draft("a)"), Draft("a)")),
        ("surplus-bracket", "f(|)", Draft("a).b"), Draft("a")),
        ("surplus-bracket", "f(|)", Draft("a).b", 1), Draft("a).b", 1)),
        ("surplus-bracket", "f(|)", Draft("a"), Draft("a")),
        ("unclosed-bracket", "f(|)", Draft("g(a, [b"), Draft("g(a, [b])")),
        ("unclosed-bracket", "f(|)", Draft("g(a", cut_short=True), Draft("g(a", cut_short=True)),
        ("unclosed-bracket", "f(|)", Draft("g(a)"), Draft("g(a)")),
        ("unclosed-bracket", "f(| + 1)", Draft("g(a"), Draft("g(a")),
        ("unclosed-bracket", "f(|", Draft("g(a"), Draft("g(a")),
        ("outer-blanks", "|", Draft("a \n"), Draft("a")),
        ("outer-blanks", "|b", Draft("a "), Draft("a ")),
        ("outer-blanks", "|b", Draft("  "), Draft("")),
        ("outer-blanks", "|b", Draft("a\n"), Draft("a")),
        ("broken-syntax", "a = 1\n|\n", Draft("b = 2\nc = ("), Draft("b = 2")),
        ("broken-syntax", "a = 1\n|\n", Draft("c = ("), None),
        ("broken-syntax", "a = (\n|\n", Draft("c = (("), None),
        ("broken-syntax", "a = (\n|\n", Draft("c = = 1"), Draft("c = = 1")),
        ("broken-syntax", "a = 1\n|\n", Draft("b = 2"), Draft("b = 2")),
        ("broken-syntax", "a = 1\n|\n", Draft(""), Draft("")),
        ("broken-syntax", "a = 1\n|\n", Draft("(\n" * 12), None),
        ("too-short", "|", Draft(")"), None),
        ("too-short", "|", Draft("1"), Draft("1")),
        ("too-short", "|", Draft(""), Draft("")),
        ("low-confidence", "|", Draft("a"), Draft("a")),
        ("low-confidence", "|", UNSURE, None),
        ("low-confidence", "|", UNSURE_BEYOND, UNSURE_BEYOND),
    ],
)  # fmt: skip
def test_what_is_decided_in_the_end(hole, name, text, draft, want):
    assert FINAL[name](hole(text, "a.py", least_logprob=-1.0), draft) == want


@pytest.mark.parametrize("name", ["surplus-bracket", "replaces-rest", "unclosed-bracket", "repeats-rest"])
def test_brackets_in_a_string_are_only_letters(hole, name):
    for text in ("a) (b", "so)"):
        assert FINAL[name](hole('f("|")\n', "a.py"), Draft(text)) == Draft(text)


def test_in_a_string_its_end_is_still_no_part_of_it(hole):
    assert FINAL["repeats-rest"](hole('f("|")\n', "a.py"), Draft('a"')) == Draft("a")
    assert FINAL["repeats-rest"](hole('f("|")\n', "a.py"), Draft('"a"')) == Draft('"a"')
    assert FINAL["repeats-rest"](hole('f("| so")\n', "a.py"), Draft("and so")) == Draft("and ")


@pytest.mark.parametrize("name", FINAL)
def test_a_filter_has_nothing_to_add_the_second_time(hole, name):
    for text, written in (("f(|)\n", "a).b"), ("a = 1\n|\n", "b = 2\nc = (\n"), ("f(|)\n", "g(a")):
        once = FINAL[name](hole(text, "a.py", trigger="manual"), Draft(written))
        assert once is None or FINAL[name](hole(text, "a.py", trigger="manual"), once) == once


def test_signs_alone_are_the_same_only_where_they_are_indented_alike():
    assert same_line("  }", "  }")
    assert same_line("  end", "  end", ("end",))
    assert not same_line("    end", "  end", ("end",))
    assert same_line("    end", "  end", ("fi",))
    assert not same_line("  }", "}")
    assert same_line("  a", "a")
    assert not same_line("a", "b")


@pytest.mark.parametrize(
    ("line", "place"),
    [("abcd" * 6, 4), ("x = " + "0.25, " * 6, 10), ("-" * 60, None), ("short", None), ("a perfectly ordinary line of code", None), ("x = " + "one long thing, " * 4, 20)],
)  # fmt: skip
def test_a_line_that_goes_round(line, place):
    assert runs_in_circles(line) == place


@pytest.mark.parametrize(
    ("line", "tabs", "want"),
    [
        ("        a", True, "\t\ta"),
        ("\t\ta", False, "        a"),
        ("\t  a", True, "\t  a"),
        ("  \ta", True, "\ta"),
        ("      a", True, "\t  a"),
        ("    a", False, "    a"),
        ("\ta", None, "\ta"),
        ("a", True, "a"),
    ],
)
def test_indentation_in_the_files_way(line, tabs, want):
    assert retab(line, tabs) == want


@pytest.mark.parametrize(
    ("text", "tabs"),
    [("if a:\n\tb|\n", True), ("if a:\n  b|\n", False), ("a|\n", None), ("if a:\n\t|", True), ("\tb\n" + "a\n" * 3000 + "  c\n|", False)],
)  # fmt: skip
def test_how_lines_are_indented(hole, text, tabs):
    assert indents_with_tabs(hole(text).syntax) is tabs
