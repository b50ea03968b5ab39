import pytest

from assistant.completion.shape import decide_shape, indent_width
from assistant.completion.syntax import read_syntax


def shape(text, trigger="auto", path=None):
    before, _, after = text.partition("|")
    return decide_shape(read_syntax(before, after, path), trigger)


@pytest.mark.parametrize(
    ("text", "trigger", "extent"),
    [
        ("def gcd(a, b):|\n", "auto", "block"),  # opens a block
        ("def gcd(a, b):\n    |\nprint(1)\n", "auto", "block"),  # an empty block
        ("def f():\n    a()\n    |\n    b()\n", "auto", "statement"),  # code of the block below
        ("def f():\n    a()\n|\n    b()\n", "auto", "statement"),
        ("def f():\n    a()\n    |\n    b()\n", "manual", "block"),
        ("f() {\n  a();\n  |\n}\n", "auto", "block"),  # only its end below
        ("x = comp|\ny = 2\n", "auto", "line"),  # a statement begun
        ("x = comp|\ny = 2\n", "manual", "block"),  # asked for: may run on
        ("print(|)\n", "auto", "block"),  # only a closing bracket follows
        ("print(a, |b, c)\n", "manual", "line"),  # text follows on the line
        ("|", "auto", "block"),
        ("if (x) {|\n}\n", "auto", "block"),
    ],
)
def test_how_far_it_may_go(text, trigger, extent):
    assert shape(text, trigger).extent == extent
    assert shape(text, trigger).single_line is (extent == "line")


@pytest.mark.parametrize(
    ("text", "path", "extent"),
    [
        ("x = 1  # the first:|\n", "a.py", "line"),
        ("# the first\n|\n", "a.py", "block"),
        ('def f():\n    """Do this\n    |\n    """\n', "a.py", "line"),
        ("/* the\n   |\n*/\n", "a.js", "line"),
        ("// what comes next {|\n", "a.ts", "line"),
        ("f(\n    a,\n    |\n)\n", "a.py", "block"),
    ],
)
def test_the_tree_tells_comments_and_strings(text, path, extent):
    assert shape(text, path=path).extent == extent


def test_a_manual_suggestion_may_be_longer():
    auto, manual = (shape("def f():\n    |", trigger) for trigger in ("auto", "manual"))
    assert manual.max_tokens > auto.max_tokens


@pytest.mark.parametrize(("line", "width"), [("", 0), ("x", 0), ("    x", 4), ("\tx", 8), ("  \tx", 8), ("   ", 3)])
def test_indent_width(line, width):
    assert indent_width(line) == width
