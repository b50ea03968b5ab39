import pytest

from assistant.completion.brackets import brackets_of, closable_brackets, open_brackets
from assistant.completion.syntax import WINDOW_CHARS, breaks, errors_with, read_syntax, surplus_bracket


def syntax(text, path="a.py"):
    before, _, after = text.partition("|")
    return read_syntax(before, after, path)


@pytest.mark.parametrize(
    ("text", "language", "want"),
    [
        ("f(a)[0]", "python", "()[]"),
        ("f(')', \")\") # )", "python", "()"),
        ('f("""(\n(""")', "python", "()"),
        ("f('(', `(`) // )\n/* ( */ [", "javascript", "()["),
        ("fn f<'a>(x: &'a str) { '(' }", "rust", "(){}"),
        ("it's (not) a 'thing'", None, "()"),
        ('f("unclosed (\n)', "python", "()"),
        ("f('unclosed (\n[", "c", "((["),
    ],
)
def test_brackets_outside_of_comments_and_strings(text, language, want):
    found = "".join(bracket for _, bracket in brackets_of(text, language))
    assert found == want


@pytest.mark.parametrize(
    ("before", "after", "want"),
    [
        ("foo(", "", "("),
        ("foo(", ")", ""),
        ("foo(bar(", ")", "("),
        ("foo(bar[", ")", "["),
        ("f() {\n  g(", "\n}\n", "("),
        ("f(() => {\n  g(x, [", "\n})\n", "(["),
        ("} ) (", "", "("),
        ("", ") ]", ""),
        ("if (a) {\n  g(x.", "\n  });\n}", ""),  # } ends what is to be written: g(x, () => {
        ("t(() => {\n  if (a) {\n    g(", "\n});", "{("),
        ("{(" * 200, "", "{(" * 50),
        ("{" * 200, "}" * 200, ""),
    ],
)
def test_what_may_be_closed(before, after, want):
    assert closable_brackets(before, after, None) == want


@pytest.mark.parametrize(
    ("text", "written", "place"),
    [
        ("foo(|)", "a)", 1),
        ("foo(|", "a)", None),
        ("foo(|", "a))", 2),
        ("foo(|", "a]", 1),
        ("|", "(a)", None),
        ("foo(|)", "(a]", 2),
    ],
)
def test_a_bracket_that_is_not_its_to_close(text, written, place):
    assert surplus_bracket(written, syntax(text, None)) == place


@pytest.mark.parametrize(
    ("text", "written", "place"),
    [
        ("f('|')\n", "a) (b", None),
        ("f('|')\n", "a') + (b", 2),
        ("f('|\n", "a')", None),
        ("f('a', \"|\n", "b'))", None),
        ("f(1)  # so|\n", " it is)", None),
        ('"""Do\n|\n"""\n', "so)", None),
    ],
)
def test_a_bracket_after_the_end_of_the_string_at_the_cursor(text, written, place):
    assert surplus_bracket(written, syntax(text)) == place


def test_the_end_of_a_comment_is_a_bracket_too():
    assert surplus_bracket("so */", syntax("/* |\n*/\n", "a.js")) == 3
    assert surplus_bracket("so)", syntax("/* |\n*/\n", "a.js")) is None
    assert surplus_bracket("so */", syntax("/* |\n/* b */\n", "a.css")) is None
    assert surplus_bracket("so */", syntax("// |\n", "a.js")) is None


def test_brackets_left_open():
    assert open_brackets("f(a, [b, {1}", None) == "(["
    assert open_brackets("f(a)]", None) == ""


def test_the_place_of_a_cursor():
    place = syntax("a = 1\nif a:\n    b|(2)\n\n\n    c\nd\n")
    assert (place.line, place.line_suffix, place.below) == ("    b", "(2)", ("    c", "d"))
    assert (place.language, place.in_text, place.errors) == ("python", False, 0)
    assert syntax("a|", None).errors is None
    assert errors_with(syntax("a|", None), "(") is None


@pytest.mark.parametrize(
    ("text", "path", "inside"),
    [
        ("x = 'a|b'\n", "a.py", True),
        ("x = |'ab'\n", "a.py", False),
        ("x = 'ab'|\n", "a.py", False),
        ("x = 1  # so|\n", "a.py", True),
        ("x = 1  # so\n|\n", "a.py", False),
        ("/// so\n|\nfn f() {}\n", "a.rs", False),
        ("/// so|\nfn f() {}\n", "a.rs", True),
        ("# |so\n", "a.py", True),
        ("let a: Vec<String>|;\n", "a.rs", False),
        ("template <typename T|> class A {};\n", "a.cpp", False),
        ("x = `a|b`\n", "a.js", True),
        ("x|\n", None, False),
    ],
)
def test_inside_of_a_comment_or_a_string(text, path, inside):
    assert syntax(text, path).in_text is inside


@pytest.mark.parametrize(
    ("text", "written", "path", "broken"),
    [
        ("x = 1\n|\ny = 2\n", "f(", "a.py", True),
        ("x = 1\n|\ny = 2\n", "f()", "a.py", False),
        ("x = (|\ny = 2\n", "f(", "a.py", False),  # it had an error before
        ("def f():\n    x = 1\n|\n    y = 2\n", "  z = 3", "a.py", True),  # only Python itself minds
        ("def f():\n    x = 1\n    |\n    y = 2\n", "if x:", "a.py", True),
        ("@once|\ndef f():\n    pass\n", "(1)", "a.py", False),
        ("@once|\ndef f():\n    pass\n", "\nreturn (", "a.py", True),
        ("f();\n|\ng();\n", "if (", "a.js", True),
        ("f();\n|\ng();\n", "if (", None, False),
    ],
)
def test_what_breaks_a_file(text, written, path, broken):
    assert breaks(syntax(text, path), written) is broken


def test_what_is_replaced_does_not_count():
    place = syntax("foo(|)\n")
    assert breaks(place, "a).bar()")
    assert not breaks(place, "a).bar()", 1)


def test_only_a_window_of_a_large_file_is_parsed():
    line = "value = compute(1, 2, 3)\n"
    place = syntax(line * 8000 + "x = |\n" + line * 8000)
    assert place.language == "python"
    assert not breaks(place, "1")
    long = syntax("x = '" + "a" * 3 * WINDOW_CHARS + "|'")
    assert long.closable == ""


def test_a_namespace_that_ends_far_below_lends_no_bracket():
    after = "\n}\n" + "int a();\n" * WINDOW_CHARS + "}\n"
    assert syntax("namespace a {\nint f() {\n  g(|" + after, "a.cpp").closable == "("
    assert syntax("namespace a {\nint f() {\n  g(1);|" + after, "a.cpp").closable == ""
