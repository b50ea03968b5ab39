"""Line ends survive editing."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.editor.files.newlines import join_breaks, main_break, split_breaks

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


def _mixed(count: int, *, same: bool) -> tuple[list[str], tuple[str, ...]]:
    lines = ["}" if same or number % 2 else f"line {number}" for number in range(count)]
    return lines, tuple("\r\n" if number % 3 else "\n" for number in range(count))


@pytest.mark.parametrize(("same", "change"), [(False, "edit"), (False, "insert"), (False, "delete"), (True, "edit")])
def test_edits_far_apart_in_a_long_mixed_file_leave_what_lies_between(same, change):
    lines, breaks = _mixed(6000, same=same)
    before = [line + end for line, end in zip(lines, breaks, strict=True)]
    new = list(lines)
    new[100], new[5500] = "first edit", "second edit"
    if change == "insert":
        new.insert(3001, "inserted")
    elif change == "delete":
        del new[3001]
    after = join_breaks("\n".join([*lines, ""]), breaks, "\n".join([*new, ""])).splitlines(keepends=True)
    if change == "edit":
        assert [place for place in range(6000) if after[place] != before[place]] == [100, 5500]
    else:
        shift = 1 if change == "insert" else -1
        assert after[101:3000] == before[101:3000]
        assert after[3010 + shift : 5500 + shift] == before[3010:5500]
        assert after[5501 + shift :] == before[5501:]


def test_a_long_file_of_equal_lines_keeps_its_kinds_of_line_ends():
    lines, breaks = _mixed(6000, same=True)
    new = [*lines[:100], "first edit", *lines[100:5500], "second edit", *lines[5500:]]
    after = join_breaks("\n".join([*lines, ""]), breaks, "\n".join([*new, ""]))
    assert split_breaks(after)[0] == "\n".join([*new, ""])
    assert split_breaks(after)[1].count("\n") == breaks.count("\n")  # what came has the usual end


def test_a_changed_line_keeps_its_end():
    assert join_breaks("a\nb\nc\n", ("\n", "\r\n", "\n"), "a\nB\nc\n") == "a\nB\r\nc\n"


def test_a_line_that_is_split_or_joined_keeps_the_end_that_was_there():
    breaks = ("\n", "\r\n", "\n")
    assert join_breaks("a\nbc\nd\n", breaks, "a\nb\nc\nd\n") == "a\nb\nc\r\nd\n"
    assert join_breaks("a\nbc\nd\n", breaks, "abc\nd\n") == "abc\r\nd\n"
