"""Positions in UTF-16 units and in characters."""

from hypothesis import given
from hypothesis import strategies as st

from app.editor.code_points import all_to_utf16, from_utf16, to_utf16, utf16_length

TEXTS = st.text(st.sampled_from("ab\n é写\U0001f600\U0001f9d1\u200d"))


@given(TEXTS, st.integers(-3, 60))
def test_back_and_forth(text, offset):
    clamped = min(max(offset, 0), len(text))
    assert from_utf16(text, to_utf16(text, offset)) == clamped


@given(TEXTS, st.lists(st.integers(-3, 60)))
def test_many_at_once_are_as_each(text, offsets):
    assert all_to_utf16(text, offsets) == {offset: to_utf16(text, offset) for offset in offsets}


@given(TEXTS)
def test_length_is_that_of_the_encoding(text):
    assert utf16_length(text) == len(text.encode("utf-16-le")) // 2


def test_emoji_count_two_units():
    text = "a\U0001f600b"
    assert [to_utf16(text, i) for i in range(4)] == [0, 1, 3, 4]
    assert [from_utf16(text, i) for i in range(6)] == [0, 1, 1, 2, 3, 3]


def test_lone_surrogates_do_not_raise():
    assert from_utf16("\ud83d", 1) in {0, 1}
    assert to_utf16("\ud83dx", 2) == 2
