import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.completion.shape import decide_shape
from assistant.completion.trim import Trimmer


def trim(prefix, suffix, text, trigger="auto", size=3):
    """Feed ``text`` in pieces; return the final text, what was shown while streaming, and the names of the cuts."""
    trimmer = Trimmer(decide_shape(prefix, suffix, trigger), prefix, suffix)
    shown = "".join(trimmer.feed(text[i : i + size]) for i in range(0, len(text), size))
    return trimmer.finish(), shown, trimmer.fired


@pytest.mark.parametrize(
    ("name", "prefix", "suffix", "text", "want", "cut"),
    [
        ("a line in the middle of a statement ends with it", "x = ", "\n", "1\ny = 2\n", "1", "single-line"),
        ("a body runs until it leaves its block", "def f(a):", "\n", "\n    return a\n\nprint(f(1))\n", "\n    return a", "leaves-the-block"),
        ("the next function is not part of this one", "def f(a):", "\n", "\n    return a\ndef g():\n", "\n    return a", "leaves-the-block"),
        ("else belongs to the block", "if a:", "\n", "\n    b()\nelse:\n    c()\n", "\n    b()\nelse:\n    c()", ""),
        ("a closing brace belongs to the block", "f() {", "\n", "\n  a();\n}\n", "\n  a();\n}", ""),
        ("unless it stands below already", "f() {", "\n}\n", "\n  a();\n}\n", "\n  a();", "repeats-the-line-below"),
        ("the line below is not said again", "def f(a):\n    ", "\n    return total\n", "total = a\n    return total\n", "total = a", "repeats-the-line-below"),
        ("two blank lines end it", "def f():\n    ", "", "a = 1\n\n\n    b = 2\n", "a = 1", "blank-lines"),
        ("a line three times is enough", "\n", "", "x()\nx()\nx()\nx()\n", "x()\nx()", "repeated-lines"),
        ("a bracket that stands already is dropped", "print(", ")\n", "a, b)", "a, b", "repeats-the-rest-of-the-line"),
        ("a bracket that it opened itself is kept", "print(", ")\n", "f(a)", "f(a)", ""),
        ("the rest of the line is not said again", "x = add(", "b)\n", "a, b)", "a, ", "repeats-the-rest-of-the-line"),
        ("indentation is not written twice", "def f():\n    ", "", "    a = 1\n    return a\n", "a = 1\n    return a", "indentation"),
        ("an empty line may begin with it", "def f():\n", "", "    return 1\n", "    return 1", ""),
        ("an empty line belongs to the block of what is written first", "def f(a):\n", "", "    return a\n\n# Test\nprint(f(1))", "    return a", "leaves-the-block"),
        ("a block inside of it is part of it", "def f(a):\n", "", "\n    if a:\n        b()\n    c()\n", "\n    if a:\n        b()\n    c()", ""),
        ("at the margin everything belongs to it", "import a\n\n", "", "def f():\n    b()\n\ndef g():\n    c()", "def f():\n    b()\n\ndef g():\n    c()", ""),
        ("a head whose body stands below gets no second one", "    ", "\n        total += c\n", "for c in s:\n        total += 1\n        x\n", "for c in s:", "its-body-stands-below"),
        ("a head above something else gets its body", "    ", "\n    return total\n", "for c in s:\n        total += 1\n", "for c in s:\n        total += 1", ""),
        ("only blanks are nothing", "x = 1", "\n", "   \n", "", ""),
    ],
)  # fmt: skip
def test_cuts(name, prefix, suffix, text, want, cut):
    for size in (1, 2, 7, 1000):
        final, _, fired = trim(prefix, suffix, text, size=size)
        assert final == want, name
        assert (cut in fired) if cut else "leaves-the-block" not in fired, name


def test_the_line_below_is_never_shown_even_for_a_moment():
    _, shown, _ = trim("def f(a):\n    ", "\n    return total\n", "total = a\n    return total\n", size=1)
    assert "return" not in shown


def test_a_line_that_the_limit_cut_is_dropped_after_whole_ones():
    for text, want in (("a = 1\n    b = compu", "a = 1"), ("a = compu", "a = compu")):
        trimmer = Trimmer(decide_shape("def f():\n    ", "", "auto"), "def f():\n    ", "")
        trimmer.feed(text)
        assert trimmer.finish(unfinished=True) == want


def test_it_stops_as_soon_as_the_end_is_clear():
    trimmer = Trimmer(decide_shape("x = ", "\n", "auto"), "x = ", "\n")
    trimmer.feed("1 + 2")
    assert not trimmer.done
    trimmer.feed("\nmore")
    assert trimmer.done
    assert trimmer.feed("never shown") == ""


@given(st.text(alphabet="ab(){}:\n \t😀", max_size=80), st.integers(1, 9))
def test_the_pieces_do_not_matter_and_nothing_is_made_up(text, size):
    whole, _, _ = trim("def f(a):\n    ", "\n    return b\n", text, size=len(text) + 1)
    pieces, shown, _ = trim("def f(a):\n    ", "\n    return b\n", text, size=size)
    assert pieces == whole
    assert text.lstrip(" \t").startswith(whole)
    assert text.lstrip(" \t").startswith(shown)
