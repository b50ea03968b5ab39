"""Line ends survive editing."""

from hypothesis import example, given
from hypothesis import strategies as st

from app.editor.newlines import join_breaks, main_break, split_breaks

TEXTS = st.lists(st.sampled_from(["a", "bc", "", "\n", "\r\n", "\r", "\n"])).map("".join)


@given(TEXTS)
def test_unchanged_text_is_unchanged(raw):
    text, breaks = split_breaks(raw)
    assert "\r" not in text
    assert join_breaks(text, breaks, text) == raw


@example("a\ra\n\n", "a\n\n")
@given(TEXTS, st.lists(st.sampled_from(["a", "bc", "", "\n"])).map("".join))
def test_any_edit_keeps_the_text(raw, new):
    text, breaks = split_breaks(raw)
    assert split_breaks(join_breaks(text, breaks, new))[0] == new


def test_one_kind_is_used_everywhere():
    assert join_breaks("a\nb", ("\r\n",), "a\nx\nb\n") == "a\r\nx\r\nb\r\n"


def test_mixed_lines_keep_theirs():
    raw = "a\r\nb\nc\rd\r\n"
    text, breaks = split_breaks(raw)
    assert main_break(breaks) == "\r\n"
    assert join_breaks(text, breaks, "a\nb\nNEW\nc\nd\n") == "a\r\nb\nNEW\r\nc\rd\r\n"
    assert join_breaks(text, breaks, "b\nc\nd\n") == "b\nc\rd\r\n"
    assert join_breaks(text, breaks, "a\nB\nc\nd\n").startswith("a\r\n")
    assert join_breaks(text, breaks, "a\nB\nc\nd\n").endswith("c\rd\r\n")


def test_a_large_changed_region_takes_the_usual_end_quickly():
    raw = "".join(f"{i}\n" for i in range(3000)) + "x\r\nend\r\n"
    text, breaks = split_breaks(raw)
    new = "".join(f"n{i}\n" for i in range(3000)) + "x\nend\n"
    assert join_breaks(text, breaks, new).endswith("n2999\nx\r\nend\r\n")
