import pytest

from assistant.completion.shape import decide_shape, indent_width


@pytest.mark.parametrize(
    ("prefix", "suffix", "trigger", "single"),
    [
        ("def gcd(a, b):", "\n", "auto", False),  # opens a block
        ("def gcd(a, b):\n    ", "\nprint(1)\n", "auto", False),  # an empty line
        ("x = comp", "\ny = 2\n", "auto", True),  # a statement begun
        ("x = comp", "\ny = 2\n", "manual", False),  # asked for: may run on
        ("print(", ")\n", "auto", False),  # only a closing bracket follows
        ("print(a, ", "b, c)\n", "manual", True),  # text follows on the line
        ("", "", "auto", False),
        ("if (x) {", "\n}\n", "auto", False),
    ],
)
def test_one_line_or_many(prefix, suffix, trigger, single):
    assert decide_shape(prefix, suffix, trigger).single_line is single


def test_a_manual_suggestion_may_be_longer():
    auto, manual = (decide_shape("def f():\n    ", "", trigger) for trigger in ("auto", "manual"))
    assert manual.max_tokens > auto.max_tokens


@pytest.mark.parametrize(("line", "width"), [("", 0), ("x", 0), ("    x", 4), ("\tx", 8), ("  \tx", 8), ("   ", 3)])
def test_indent_width(line, width):
    assert indent_width(line) == width
