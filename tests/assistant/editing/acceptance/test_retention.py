"""The place of what was taken, followed through edits, and how much of it stands there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.editing.acceptance.retention import Anchor, narrowed, retained_share


class Text:
    """A text with one anchored piece: edits follow as an editor tells them, each can be undone."""

    def __init__(self, before: str, piece: str, after: str) -> None:
        self.text = before + piece + after
        self.anchor = Anchor(len(before), len(before) + len(piece), len(piece))
        self.undos: list[tuple[int, int, str]] = []

    def replace(self, position: int, removed: int, text: str) -> None:
        old = self.text
        self.undos.append((position, len(text), old[position : position + removed]))
        self.text = old[:position] + text + old[position + removed :]
        self.anchor = self.anchor.after(*narrowed(old, self.text, position, removed, len(text)))

    def insert(self, position: int, text: str) -> None:
        self.replace(position, 0, text)

    def undo(self) -> None:
        self.replace(*self.undos.pop())
        self.undos.pop()

    @property
    def piece(self) -> str:
        return self.text[self.anchor.start : self.anchor.end]


@pytest.fixture
def text() -> Text:
    return Text("x = ", "foo(bar)", "\nend")


def test_it_moves_with_what_is_written_before_it(text: Text) -> None:
    text.insert(0, "import os\n")
    text.replace(0, 6, "")
    text.insert(text.anchor.start, "await ")
    assert text.piece == "foo(bar)"


def test_what_is_written_behind_it_is_none_of_it(text: Text) -> None:
    text.insert(text.anchor.end, " + 1")
    text.insert(len(text.text), "more")
    text.replace(text.anchor.end, 4, "")
    assert text.piece == "foo(bar)"


def test_what_is_written_in_it_belongs_to_it(text: Text) -> None:
    text.insert(text.anchor.start + 4, "a, ")
    assert text.piece == "foo(a, bar)"
    text.replace(text.anchor.start, 3, "baz")
    assert text.piece == "baz(a, bar)"


def test_deleted_and_brought_back_by_undo(text: Text) -> None:
    text.replace(4, 8, "")
    assert (text.piece, text.text) == ("", "x = \nend")
    text.undo()
    assert text.piece == "foo(bar)"


def test_deleted_bit_by_bit_and_brought_back(text: Text) -> None:
    for _ in range(8):
        text.replace(text.anchor.end - 1, 1, "")
    assert text.piece == ""
    text.insert(0, "# moved\n")
    text.undo()
    for _ in range(8):
        text.undo()
    assert text.piece == "foo(bar)"


def test_its_begin_deleted_and_typed_again(text: Text) -> None:
    text.replace(2, 6, "")
    assert text.piece == "bar)"
    for index, character in enumerate("foo("):
        text.insert(2 + index, character)
    assert text.piece == "foo(bar)"
    text.insert(2, "y")
    assert text.piece == "foo(bar)"


def test_its_end_deleted_and_other_text_typed(text: Text) -> None:
    text.replace(8, 4, "")
    text.insert(8, "1")
    text.insert(9, ")")
    assert text.piece == "foo(1)"


def test_taken_out_of_its_place_and_put_elsewhere(text: Text) -> None:
    text.replace(4, 8, "")
    text.insert(len(text.text), "\nfoo(bar)")
    assert text.piece == ""


def test_replaced_with_what_is_around_it(text: Text) -> None:
    text.replace(0, len(text.text), "y = 2\nend")
    assert "\n" not in text.piece
    assert retained_share("foo(bar)", text.piece) == 0


def test_a_file_that_is_read_again(text: Text) -> None:
    text.replace(0, len(text.text), "# a heading\n" + text.text)
    assert text.piece == "foo(bar)"
    text.replace(0, len(text.text), text.text.replace("end", "the end"))
    assert text.piece == "foo(bar)"
    text.replace(0, len(text.text), text.text)
    assert text.piece == "foo(bar)"
    text.replace(0, len(text.text), "import a\nz = foo( bar )\nthe end\n# more")
    assert retained_share("foo(bar)", text.piece) == 1


@given(st.data())
def test_the_place_is_always_in_the_text(data: st.DataObject) -> None:
    text = Text("ab", "cde", "fg")
    for _ in range(data.draw(st.integers(1, 8))):
        position = data.draw(st.integers(0, len(text.text)))
        removed = data.draw(st.integers(0, len(text.text) - position))
        text.replace(position, removed, data.draw(st.text("abc", max_size=5)))
        assert 0 <= text.anchor.start <= text.anchor.end <= len(text.text)


@given(st.text("ab", max_size=8), st.text("ab", max_size=8), st.text("ab", max_size=3), st.text("ab", max_size=3))
def test_a_narrowed_edit_is_the_same_edit(removed: str, added: str, before: str, after: str) -> None:
    old, new = before + removed + after, before + added + after
    position, gone, come = narrowed(old, new, len(before), len(removed), len(added))
    assert old[:position] + new[position : position + come] + old[position + gone :] == new
    assert gone == 0 or come == 0 or old[position] != new[position]


@pytest.mark.parametrize(
    ("taken", "now", "share"),
    [
        ("foo(bar)", "foo(bar)", 1.0),
        ("foo(bar)", "foo(baz)", 0.75),
        ("foo(bar)", "", 0.0),
        ("foo(bar)", "bar)foo(", 1.0),
        ("a a b", "a b b", 2 / 3),
        ("x = 1", "x=1", 1.0),
        ("x  # été", "x  # été", 1.0),
        ("return x", "RETURN x", 0.5),
        ("\n    ", "\n    ", None),
        ("foo(bar)", "x" * 200_001, None),
        # Of much text the best stretch counts: here the first four tokens and the four behind them.
        ("a b c d", "a b c d " + "x " * 20, 1.0),
        ("a b c d", "a b " + "x " * 20 + "c d", 0.5),
        ("a b c d", "x " * 20 + "a x b x c x d x", 1.0),
    ],
)
def test_share(taken: str, now: str, share: float | None) -> None:
    assert retained_share(taken, now) == (None if share is None else pytest.approx(share))
