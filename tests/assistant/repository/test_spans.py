"""Spans of the syntax tree: what each kind is, and what is never one."""

import textwrap

import pytest

from assistant.repository.spans import KINDS, MOST_CHARS, MOST_LINES, find_spans


def spans(path: str, text: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for span in find_spans(path, text):
        found[span.kind].add(text[span.start : span.end])
    return found


PYTHON = textwrap.dedent('''
    def area(width, height):
        """Multiply."""
        product = scale(width, factor=height)
        if product > limit:
            product = limit
            warn(product)
        return product + offset
''')


def test_the_kinds_of_a_python_file():
    found = spans("a.py", PYTHON)
    inner = "product = limit\n        warn(product)"
    statement = f"if product > limit:\n        {inner}"
    outer = f"product = scale(width, factor=height)\n    {statement}\n    return product + offset"
    assert found["body"] == {inner, outer}
    assert statement in found["statement"]
    assert found["expression"] == {
        "scale(width, factor=height)", "product > limit", "limit", "product + offset", "offset", "height",
    }  # fmt: skip
    assert {"width", "factor=height"} <= found["argument"]
    assert "product = scale(width, factor=height)" in found["line"]


def test_a_place_is_told_in_characters_and_lines():
    text = "größe = 1\nwörter = zähle(größe)  \n"
    found = [span for span in find_spans("a.py", text) if span.kind == "expression"]
    assert [(text[span.start : span.end], span.first, span.last) for span in found] == [("zähle(größe)", 2, 2)]


@pytest.mark.parametrize(
    "line",
    [
        "pass", "return", "return None", "else:", "try:", "    )", "}", "...", "# a comment of some words",
        "value = compute(1)  # why", '"""A text that stands alone."""', "x = 1", "", "]),",
    ],
)  # fmt: skip
def test_a_trivial_line_is_no_hole(line):
    assert spans("a.py", f"{line}\n")["line"] == set()


def test_a_bare_constant_is_no_hole():
    found = spans("a.py", "value: Option = None\nother = Option(value=True, name=self)\n")
    assert found["expression"] | found["argument"] == {"Option(value=True, name=self)", "value=True", "name=self"}


def test_lines_of_a_text_are_no_holes():
    text = 'message = """\nfirst line of it\nsecond line of it\n"""\nother = compute(message)\n'
    assert spans("a.py", text)["line"] == {"other = compute(message)"}


def test_a_comment_inside_is_not_to_be_guessed():
    text = "def f(value):\n    first = compute(value)\n    # and then\n    return first + value\n"
    found = spans("a.py", text)
    assert found["body"] == set()
    assert {"first = compute(value)", "return first + value"} <= found["line"]


def test_what_is_too_long_is_no_hole():
    text = "def f():\n" + "".join(f"    name_{number} = compute({number})\n" for number in range(MOST_LINES + 1))
    long = "call(" + "argument, " * 20 + ")\n"
    found = spans("a.py", text + long)
    assert found["body"] == set()
    assert all(len(each) <= MOST_CHARS for kind in found.values() for each in kind)
    assert long.strip() not in found["line"]


@pytest.mark.parametrize(
    ("path", "text", "body", "expression"),
    [
        ("a.js", "function f(a) {\n  const total = count(a);\n  return total;\n}\n",
         "const total = count(a);\n  return total;", "count(a)"),
        ("a.go", "package p\n\nfunc f(a int) int {\n\ttotal := count(a)\n\treturn total\n}\n",
         "total := count(a)\n\treturn total", "count(a)"),
        ("a.rs", "fn f(a: i32) -> i32 {\n    let total = count(a);\n    total + 1\n}\n",
         "let total = count(a);\n    total + 1", "count(a)"),
        ("a.java", "class A {\n  int f(int a) {\n    int total = count(a);\n    return total;\n  }\n}\n",
         "int total = count(a);\n    return total;", "count(a)"),
        ("a.c", "int f(int a) {\n  int total = count(a);\n  return total;\n}\n",
         "int total = count(a);\n  return total;", "count(a)"),
    ],
)  # fmt: skip
def test_other_languages_have_bodies_and_expressions(path, text, body, expression):
    found = spans(path, text)
    assert body in found["body"]
    assert expression in found["expression"]
    assert body.split("\n")[0] in found["line"]


@pytest.mark.parametrize("path", ["data.json", "page.html", "style.css", "notes.md", "no_ending"])
def test_what_is_no_code_has_no_holes(path):
    assert find_spans(path, '{"some": "value of it", "other": 12345}\n' * 5) == []


def test_a_broken_file_has_holes_only_where_it_is_right():
    text = "def f(:\n    one = compute(two)\n\n\ndef g(value):\n    return compute(value)\n"
    assert "return compute(value)" in spans("a.py", text)["body"] | spans("a.py", text)["line"]
