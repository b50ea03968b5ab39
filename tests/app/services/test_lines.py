"""Lines out of bytes."""

from hypothesis import given
from hypothesis import strategies as st

from app.services.line_process import LineSplitter


@given(st.text(alphabet="ab\nä€\U0001f600"), st.integers(1, 7))
def test_pieces_of_any_size_give_the_same_lines(text: str, size: int) -> None:
    data = text.encode()
    splitter = LineSplitter()
    lines = [line for i in range(0, len(data), size) for line in splitter.feed(data[i : i + size])]
    lines += splitter.flush()
    expected = text.split("\n")
    assert lines == (expected if expected[-1] else expected[:-1])
    assert splitter.flush() == []


def test_carriage_returns_of_line_ends_go() -> None:
    assert LineSplitter().feed(b"one\r\ntwo\r\n") == ["one", "two"]


def test_bytes_that_are_not_utf8_are_replaced() -> None:
    assert LineSplitter().feed(b"a\xffb\n") == ["a\ufffdb"]


def test_a_line_without_end_does_not_grow_without_limit() -> None:
    splitter = LineSplitter(limit=10)
    assert splitter.feed(b"x" * 8) == []
    assert splitter.feed(b"x" * 8) == ["x" * 16]
    assert splitter.feed(b"y\n") == ["y"]
