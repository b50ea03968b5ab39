"""Taking a suggestion in parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.editor.suggestion_split import first_line, first_word, typed_through

TEXTS = st.text(st.sampled_from("a\u0301b_1 \t\n.()=é写\U0001f600"), max_size=40)


def parts(take, text):
    found = []
    while text:
        part = take(text)
        assert part
        assert text.startswith(part)
        found.append(part)
        text = text[len(part) :]
    return found


@given(TEXTS)
def test_words_and_lines_concatenate_to_the_whole(text):
    assert "".join(parts(first_word, text)) == text
    assert "".join(parts(first_line, text)) == text


@given(TEXTS)
def test_each_line_but_blank_rest_shows_something(text):
    for part in parts(first_line, text)[:-1]:
        assert part.strip("\n") or part.startswith("\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("return a + b", ["return", " a", " +", " b"]),
        ("cafe\u0301s = e\u0301te\u0301", ["cafe\u0301s", " =", " e\u0301te\u0301"]),
        ("x\u0308\u0301y.z", ["x\u0308\u0301y", ".", "z"]),
        ("\u0928\u093f\u092e\u094d\u0928 = 1", ["\u0928\u093f\u092e\u094d\u0928", " =", " 1"]),
        ("  self.x = 1", ["  self", ".", "x", " =", " 1"]),
        ("foo(\n    bar)", ["foo", "(", "\n    ", "bar", ")"]),
        ("\n\nx", ["\n", "\n", "x"]),
        ("a  ", ["a", "  "]),
        ("\U0001f600 写x", ["\U0001f600", " 写x"]),
    ],
)
def test_words(text, words):
    assert parts(first_word, text) == words


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one", ["one"]),
        ("a\n  b\nc", ["a\n", "  b\n", "c"]),
        ("\n  b\n  c", ["\n  b", "\n  c"]),
        ("a\n\n\nb", ["a\n", "\n\nb"]),
        ("\n", ["\n"]),
    ],
)
def test_lines(text, lines):
    assert parts(first_line, text) == lines


def test_empty():
    assert first_word("") == ""
    assert first_line("") == ""


def test_typing_through():
    assert typed_through("return a", "re") == "turn a"
    assert typed_through("return a", "return a") == ""
    assert typed_through("return a", "x") is None
    assert typed_through("return a", "") is None
