import pytest

from assistant.completion.indentation import statement_place, sure_indentation
from assistant.completion.syntax import read_syntax


def indentation(text, path="a.py"):
    before, _, after = text.partition("|")
    return sure_indentation(statement_place(read_syntax(before, after, path)))


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("def f():\n|\n", "    "),
        ("def f():\n\n    # why\n|\n    return 1\n", "    "),
        ("for a in b:\n    for c in d:\n|\n            e()\n", "        "),
        ("class A:\n  def f(self):\n|\n", "    "),
        ("class A:\n\tdef f(self):\n|\n", "\t\t"),
        ("def f(\n    a,\n) -> int:\n|\n", "    "),
        ("if a:\n    b()\n|\n        c()\n", "    "),
        ("if a:\n    b()\nc = 1\n|\n    d()\n", ""),
        ("a = 1\n|\n        b\n", ""),
        ("def f():\n  a()\n|\n      b()\n", "  "),
        ('def f():\n    """Say it."""\n|\n    return 1\n', "    "),
        ("if a:\n    b()\n|\nelse:\n    c()\n", "    "),
        ("try:\n    b()\n|\nexcept OSError:\n    c()\n", "    "),
        ("a = 1\n|\n    b\n", ""),
    ],
)
def test_the_lines_around_leave_no_choice(text, want):
    assert indentation(text) == want


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    a()\n|\n    b()\n",  # a statement, or the end of a block of something before it
        "def f():\n    a()\n|\nb()\n",
        "if a:\n    for b in c:\n        d()\n|\nelse:\n    e()\n",
        "if a:\n    b()\n|\nelsewhere()\n",
        "def f():\n    |\n",
        "def f():\n    a()\n|",
        "if (a and\n        b):\n|\n",  # where the head began is not told
        "x = [\n|\n    1,\n]\n",
        "x = {\n    1:\n|\n}\n",
        'x = """\nNote:\n|\n"""\n',
        "def f():\n  |\n",
        "def f():\n|  a()\n",
        'def f():\n    """Say it."""\n|\n\nb()\n',
        "|",
    ],
)
def test_where_several_would_do_none_is_sure(text):
    assert indentation(text) is None


def test_other_languages_are_left_alone():
    assert indentation("if (a) {\n|\n    b();\n}\n", "a.js") is None
    assert indentation("Note:\n|\n", None) is None


@pytest.mark.parametrize(
    ("text", "blanks"),
    [
        ("def f():\n    a\n\ndef h():\n    b\n\ndef g():\n\tif a:\n|\n", "\t\t"),
        ("def f():\n\ta\n\ndef h():\n\tb\n\ndef g():\n    if a:\n|\n", "        "),
        ("def f():\n    a\n\ndef h():\n    b\n\ndef g():\n\tif a:\n\t\tb\n|\n\telse:\n\t\tc\n", "\t\t"),
        ("def f():\n    a\n\ndef g():\n|\n", "    "),
    ],
)
def test_a_block_is_indented_as_the_lines_around_it(text, blanks):
    before, _, after = text.partition("|")
    assert sure_indentation(statement_place(read_syntax(before, after, "a.py"))) == blanks
