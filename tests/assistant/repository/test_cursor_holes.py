"""Holes by the tree: each kind in languages that write it differently, and what is no hole."""

import pytest

from assistant.repository.cursor_holes import HOLE_KINDS, MOST_CHARS, MOST_LINES, find_cursor_holes

PYTHON = '''\
def load(path, rows):
    """Load what is there.

    In three lines.
    """
    # first of all
    with open(path) as file:
        text = file.read()
    total = add(
        1,
        2,
    )
    for row in rows:
        print(row)
    return total


@property
def one(self):
    return self.first


@property
def two(self):
    return self.second


@property
def three(self):
    return self.third
'''
JAVA = """\
class ShopTest {
    /** Says it. */
    @Test
    void first() {
        check(1, 2);
    }

    /** Says it. */
    @Test
    void second() {
        check(3, 4);
    }

    @Test
    void third() {
        check(5, 6);
    }
}
"""


def cut(path, text, kind, **options):
    return [text[hole.start : hole.end] for hole in find_cursor_holes(path, text, **options) if hole.kind == kind]


def test_each_kind_of_python():
    assert "total = add(" in cut("a.py", PYTHON, "line")
    assert cut("a.py", PYTHON, "statement") == ["total = add(\n        1,\n        2,\n    )"]
    assert cut("a.py", PYTHON, "block")[:2] == [
        "with open(path) as file:\n        text = file.read()",
        "for row in rows:\n        print(row)",
    ]
    assert cut("a.py", PYTHON, "closer") == [")"]
    assert cut("a.py", PYTHON, "between") == ["@property\ndef two(self):\n    return self.second"]
    assert "file.read()" in cut("a.py", PYTHON, "expression")
    assert {"open(path)", "row", "text"} <= set(cut("a.py", PYTHON, "right"))


def test_no_hole_lies_in_documentation_and_comments_only_where_they_are_asked_for():
    for hole in find_cursor_holes("a.py", PYTHON, comments=True):
        assert "In three lines" not in PYTHON[hole.start : hole.end]
    assert not any("first of all" in each for kind in HOLE_KINDS for each in cut("a.py", PYTHON, kind))


def test_a_unit_begins_with_its_annotations_and_with_its_documentation_where_that_is_asked_for():
    second = "@Test\n    void second() {\n        check(3, 4);\n    }"
    assert cut("ShopTest.java", JAVA, "between") == [second]
    assert cut("ShopTest.java", JAVA, "between", comments=True) == [f"/** Says it. */\n    {second}", second]
    rust = "/// Does.\n#[test]\nfn a() {\n    b();\n}\n\n" * 3
    assert cut("a.rs", rust, "between") == ["#[test]\nfn a() {\n    b();\n}"]


@pytest.mark.parametrize(
    ("path", "text", "closers"),
    [
        ("a.go", "func f() {\n\tif a {\n\t\tb()\n\t}\n}\n", ["}", "}"]),
        ("a.rb", "def f\n  xs.each do |x|\n    g(x)\n  end\nend\n", ["end", "end"]),
        ("a.sh", 'case "$a" in\n  b)\n    c\n    ;;\nesac\n', [";;", "esac"]),
        ("a.js", "run(() => {\n  go();\n});\n", ["});"]),
        ("a.c", "/*\n}\n*/\nint f (void)\n{\n  return g ();\n}\n", ["}"]),
    ],
)
def test_what_only_closes(path, text, closers):
    assert cut(path, text, "closer") == closers


@pytest.mark.parametrize(
    ("path", "text", "between"),
    [
        (
            "a.go",
            "func f() {\n" + "\tx, err := g()\n\tif err != nil {\n\t\treturn\n\t}\n" * 3 + "}\n",
            "if err != nil {",
        ),
        ("a.js", "const rows = [\n" + "  {\n    name: 'a',\n  },\n" * 3 + "];\n", "{\n    name: 'a',\n  },"),
        ("a.rs", "#[test]\nfn a() {\n    b();\n}\n\n" * 3, "#[test]\nfn a() {"),
        ("a.py", "XS = [\n    'one',\n    'two',\n    'three',\n]\n", "'two',"),
    ],
)
def test_one_of_several_like_things(path, text, between):
    (found,) = cut(path, text, "between")
    assert found.startswith(between)


def test_a_block_ends_where_something_of_the_same_body_follows_that_is_no_branch():
    text = "if (a) {\n  b();\n} else {\n  c();\n}\nwhile (d) {\n  e();\n}\nf();\n"
    assert cut("a.js", text, "block") == ["if (a) {\n  b();\n} else {\n  c();\n}", "while (d) {\n  e();\n}"]
    assert cut("a.js", "function f() {\n  if (a) {\n    b();\n  }\n}\n", "block") == []


def test_right_of_a_hole_stands_code_and_right_of_an_expression_only_what_closes():
    text = "const page = await load(address, 3);\n"
    found = {(hole.kind, text[hole.start : hole.end]) for hole in find_cursor_holes("a.js", text)}
    assert ("right", "page") in found
    assert ("expression", "await load(address, 3)") in found
    assert ("right", "address") in found
    assert ("right", "load") not in found  # within `load(`


def test_places_are_in_characters_and_sizes_are_bounded():
    text = "# \N{SNOWMAN}\nname = 'ä'\nvalue = compute(name)\n" + "x = f(\n" + "    y,\n" * MOST_LINES + ")\n"
    assert "compute(name)" in cut("a.py", text, "expression")
    assert cut("a.py", text, "statement") == []
    for hole in find_cursor_holes("a.py", text):
        assert hole.end - hole.start <= MOST_CHARS
        assert text[: hole.start].count("\n") + 1 == hole.line


def test_broken_code_and_unknown_languages_have_none():
    assert find_cursor_holes("a.xyz", "x = 1\n") == []
    assert find_cursor_holes("a.json", '{"a": [1, 2]}\n') == []
    assert not cut("a.js", "function ( {\n  b();\n", "block")
