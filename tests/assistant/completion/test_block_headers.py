import pytest

from assistant.completion.block_headers import header_instead, missing_header
from assistant.completion.indentation import statement_place
from assistant.completion.syntax import read_syntax


def place_of(text, path="a.py"):
    before, _, after = text.partition("|")
    return statement_place(read_syntax(before, after, path)), after


@pytest.mark.parametrize(
    ("text", "blanks", "clauses"),
    [
        ("for a in b:\n    for c in d:\n|\n            e()\n", "        ", ()),
        ("a = 1\n|\n    b()\n", "", ()),
        ("|\n    b()\n", "", ()),
        ("def f():\n    a = 1\n    |\n        b()\n", "    ", ()),
        ("def f():\n    if a:\n        b()\n    |\n        c()\n", "    ", ("elif ", "else:")),
        ("if a:\n    b()\n|\n        c()\n", "    ", ()),
        ("for a in b:\n    if a:\n        continue\n    d()\n|\n        c()\n", "    ", ()),
        ("if a:\n    while a:\n        c()\n    # why\n|\n            d()\n", "        ", ()),
        ("try:\n\ta()\n|\n\t\tb()\n", "\t", ()),
    ],
)
def test_a_body_without_a_head(text, blanks, clauses):
    header = missing_header(*place_of(text))
    assert header.blanks == blanks
    assert {"if ", "def ", "class ", "try:"} <= set(header.words)
    assert set(header.words) & {"else:", "elif ", "except", "finally:"} == set(clauses)


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n|\n    return 1\n",
        "def f():\n    a()\n|\n    b()\n",
        "a = 1\n|\n        b,\n    )\n",  # what is missing opens the bracket
        "a = 1\n|",
        "x = [\n|\n        1]\n",
        "def f():\n    a()\n    |\n    b()\n",
        "def f():\n    a()\n    |\n        # why\n    b()\n",
        "def f():\n    a()\n    |x\n        b()\n",
    ],
)
def test_no_head_is_missing_for_sure(text):
    assert missing_header(*place_of(text)) is None
    assert missing_header(None, "") is None


@pytest.mark.parametrize(
    ("text", "line", "blanks", "clauses"),
    [
        ("if a:\n    b()\n|\n    c()\n", "d()", "", {"elif ", "else:"}),
        ("if a:\n    b()\n|\n    c()\n", "", None, None),
        ("if a:\n    b()\n|\n    c()\n", "    d()", None, None),
        ("if a:\n    b()\n|\n    c()\n", "while b:", None, None),
        ("f(a)\nif a:\n    g(b)\n|\n    c]\n", "d()", None, None),
        (
            "def f():\n    try:\n        if b:\n            c()\n|\n        d()\n",
            "    e()",
            "    ",
            {"except", "finally:"},
        ),
        ("for a in b:\n    c()\n|\n    d()\n", "e()", "", {"else:"}),
        ("for a in b:\n      c()\n|\n  d()\n", "e()", None, None),
        ("if a:\n    b()\n  |\n    c()\n", "  d()", None, None),
        ("with a:\n    b()\n|\n    c()\n", "d()", "", set()),
        ("try:\n    a()\nexcept B:\n    c()\n|\n    d()\n", "e()", "", {"except", "else:", "finally:"}),
    ],
)
def test_a_line_that_would_leave_the_next_without_a_head(text, line, blanks, clauses):
    place, after = place_of(text)
    header = header_instead(place, after, line)
    assert (header and header.blanks) == blanks
    if header:
        assert set(header.words) & {"else:", "elif ", "except", "finally:"} == clauses
    assert header_instead(None, after, line) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("match a:\n    case 1:\n        b()\n    |\n        c()\n", ("case ",)),
        ("match a:\n    |\n        c()\n", ("case ",)),
        ("match = a(b)\nif c:\n    |\n        d()\n", None),
    ],
)
def test_the_cases_of_a_match(text, words):
    found = missing_header(*place_of(text)).words
    assert found == words if words else "if " in found
