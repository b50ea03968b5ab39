"""New lines are indented as the cursor's own block is, whatever the rest of the file does."""

import ast

import pytest

from assistant.completion.filters.stream import indents_with_tabs
from assistant.completion.syntax import read_syntax

BLANKS = "".join(f"def f{number}(a):\n    b = a\n    return b\n\n" for number in range(20))
TABS = BLANKS.replace("    ", "\t")


@pytest.mark.parametrize(
    ("around", "text", "tabs"),
    [
        (BLANKS, "def g(a):\n\tb = a|\n", True),
        (BLANKS, "def g(a):\n\tif a:|\n", True),
        (BLANKS, "def g(a):\n\tb = a\n\t|\n", True),
        (BLANKS, "def g(a):\n\tb = a\n|\n", True),
        (BLANKS, "def g(a):\n|\n\treturn a\n", True),
        (BLANKS, "|\n", False),
        (BLANKS, "x = 1|\n", False),
        (TABS, "def g(a):\n    b = a|\n", False),
        (TABS, "def g(a):\n    b = a\n|\n", False),
        (TABS, "/*\n * so|\n", True),
        (TABS, "/*\n * so\n */\n|\n", True),
        (TABS, "|\n", True),
        ("", "x = 1|\n", None),
    ],
)
def test_the_cursors_block_tells_before_the_file_does(hole, around, text, tabs):
    assert indents_with_tabs(hole(around + text).syntax) is tabs


@pytest.mark.parametrize(("around", "tab"), [(BLANKS, "\t"), (TABS, "    ")])
@pytest.mark.parametrize("blanks", ["\t", "    "])
@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("def g(a):\n{t}if a:|\n", "\n{w}{w}b = a\n{w}{w}c = b"),
        ("def g(a):\n{t}|\n", "b = a\n{w}return b"),
        ("def g(a):\n{t}b = a\n{t}for c in b:\n{t}{t}|\n", "d = c\n{w}{w}e = d"),
    ],
)
def test_no_line_mixes_them_and_python_takes_it(hole, stream, around, tab, blanks, text, written):
    text, written = text.format(t=tab), written.format(w=blanks)
    place = hole(around + text, "a.py", trigger="manual")
    draft, _, fired = stream(place, written, 1)
    whole = (around + text).replace("|", draft.text)
    ast.parse(whole)
    lines = draft.text.split("\n")[1:]
    assert lines
    assert all(
        line.startswith(tab) and len(line) - len(line.lstrip()) == 2 * len(tab)
        for line in lines
        if "return" not in line
    )
    assert ("tabs-and-spaces" in fired) is (blanks != tab)


GO = "package a\n\nfunc one() {\n\tprint(1)\n}\n\n\u00a6\n\nconst script = `\n  case $1 in\n    a) b ;;\n  esac\n`\n"


@pytest.mark.parametrize(("path", "tabs"), [("a.go", True), ("a.js", False), (None, False)])
def test_where_nothing_near_is_indented_a_language_of_tabs_needs_one_line_with_a_tab(path, tabs):
    before, after = GO.split("\u00a6")
    assert indents_with_tabs(read_syntax(before, after, path)) is tabs


def test_a_language_of_tabs_follows_a_file_that_has_none():
    before, after = GO.replace("\t", "    ").split("\u00a6")
    assert indents_with_tabs(read_syntax(before, after, "a.go")) is False
