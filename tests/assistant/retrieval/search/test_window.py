from hypothesis import given
from hypothesis import strategies as st

from assistant.retrieval.search.window import (
    MOST_BLOCKS,
    STEP_LINES,
    Budget,
    Window,
    _fitting,
    _stepped,
    fit_budget,
    take_blocks,
    take_window,
)


def words(lines):
    """Count a token for each word and line end: enough like a tokenizer."""
    return [len(line.split()) + line.count("\n") for line in lines]


def test_a_small_file_is_read_whole():
    text = "a b\nc d\ne f\n"
    window = take_window(text, 5, Budget(100, 100), words)
    assert window.prefix + window.suffix == text
    assert window.prefix == text[:5]
    assert (window.first_line, window.last_line) == (1, 4)


def test_an_empty_file_gives_an_empty_window():
    window = take_window("", 0, Budget(), words)
    assert (window.prefix, window.suffix, window.first_line, window.last_line) == ("", "", 1, 1)


def test_budgets_hold_and_lines_stay_whole():
    text = "".join(f"line number {i}\n" for i in range(1000))
    cursor = text.index("line number 500")
    window = take_window(text, cursor, Budget(200, 40), words)
    assert sum(words([window.prefix])) <= 200
    assert sum(words([window.suffix])) <= 40
    assert window.prefix.startswith("line number")
    assert window.suffix.endswith("\n")
    assert text[:cursor].endswith(window.prefix)
    assert text[cursor:].startswith(window.suffix)
    assert text.split("\n")[window.first_line - 1] == window.prefix.split("\n")[0]


def test_the_first_line_stays_while_typing_goes_on():
    text = "".join(f"value {i} is set\n" for i in range(400))
    firsts = [take_window(text + "x" * i, len(text) + i, Budget(300, 50), words).first_line for i in range(30)]
    assert len(set(firsts)) == 1
    moved = {take_window(text + "z y x\n" * i, len(text) + 6 * i, Budget(300, 50), words).first_line for i in range(40)}
    assert len(moved) <= 40 // STEP_LINES + 2


def test_one_giant_line_is_cut_next_to_the_cursor():
    text = "x=1;" * 20_000
    window = take_window(text, 40_000, Budget(100, 20), lambda lines: [len(line) // 3 for line in lines])
    assert 0 < len(window.prefix) <= 400
    assert 0 < len(window.suffix) <= 100
    assert text[:40_000].endswith(window.prefix)
    assert text[40_000:].startswith(window.suffix)


def whole(text, cursor, budget, count):
    """Take the window as if the whole file were cut into lines."""
    before, after = lines_of(text[:cursor]), lines_of(text[cursor:])
    kept = _fitting(before[::-1], budget.prefix, count)
    first = _stepped(len(before), kept)
    end = max(_fitting(after, budget.suffix, count), 1)
    prefix, suffix = "".join(before[first:]), "".join(after[:end])
    if kept == 0:
        prefix = prefix[-budget.prefix * 2 :]
    if end == 1 and (len(suffix) > budget.suffix * 12 or count([suffix])[0] > budget.suffix):
        suffix = suffix[: budget.suffix * 2]
    return Window(prefix, suffix, first + 1, len(before) + end - 1)


def lines_of(text):
    return [line + "\n" for line in text.split("\n")[:-1]] + [text.split("\n")[-1]]


@given(
    st.lists(st.sampled_from(["", "a", "a b", "x" * 11, "x" * 12, "x" * 13, "y " * 30]), max_size=60),
    st.floats(0, 1),
    st.integers(1, 12),
    st.integers(1, 12),
)
def test_only_what_is_near_is_cut_into_lines(lines, share, before, after):
    text = "\n".join(lines)
    cursor, budget = int(share * len(text)), Budget(before, after)
    assert take_window(text, cursor, budget, words) == whole(text, cursor, budget, words)


def test_a_file_of_millions_of_lines_is_counted_where_the_cursor_is():
    counted = []

    def count(lines):
        counted.extend(lines)
        return words(lines)

    text = "a\n" * 1_000_000
    window = take_window(text, len(text), Budget(100, 20), count)
    assert (window.last_line, window.prefix) == (1_000_001, "a\n" * (1_000_000 - window.first_line + 1))
    assert len(counted) < 100 * 12


@given(st.text(alphabet="ab \n\r\t😀", max_size=200), st.integers(0, 200), st.integers(1, 30), st.integers(1, 30))
def test_window_always_joins_at_the_cursor(text, cursor, before, after):
    cursor = min(cursor, len(text))
    window = take_window(text, cursor, Budget(before, after), words)
    assert text[:cursor].endswith(window.prefix)
    assert text[cursor:].startswith(window.suffix)
    assert 1 <= window.first_line <= window.last_line + 1


def test_a_giant_line_after_the_cursor_is_not_counted():
    counted = []

    def count(lines):
        counted.extend(lines)
        return words(lines)

    window = take_window("a\n" + "b c " * 100_000, 1, Budget(10, 10), count)
    assert window.suffix == "\n"
    window = take_window("a" + "b c " * 100_000, 1, Budget(10, 10), count)
    assert window.suffix == ("b c " * 100_000)[:20]
    assert max(map(len, counted)) < 1000


def numbered(count):
    return "".join(f"line {number}\n" for number in range(1, count + 1))


def test_blocks_are_what_the_window_leaves_out_nearest_first():
    text = numbered(600)
    cursor = text.index("line 300\n")
    window = take_window(text, cursor, Budget(100, 40), words)
    blocks = take_blocks(text, window)
    found = [line for block in blocks for line in block.splitlines()]
    inside = set(range(window.first_line, window.last_line + 1))
    assert sorted(found) == sorted(f"line {number}" for number in range(1, 601) if number not in inside)
    assert f"line {window.first_line - 1}" in blocks[0].splitlines()
    assert f"line {window.last_line + 1}" in blocks[1].splitlines()


def test_blocks_stay_the_same_while_somebody_types():
    text = numbered(600)
    cursor = text.index("line 300\n")
    before = take_blocks(text, take_window(text, cursor, Budget(100, 40), words))
    typed = text[:cursor] + "new\nlines\n" + text[cursor:]
    after = take_blocks(typed, take_window(typed, cursor + 10, Budget(100, 40), words))
    assert len(set(before) & set(after)) >= len(before) - 2


def test_blocks_are_few_and_leave_out_what_nobody_wrote():
    text = "x = 1\n" + "y" * 5000 + "\n" + numbered(5000)
    blocks = take_blocks(text, take_window(text, len(text), Budget(100, 40), words))
    assert len(blocks) == MOST_BLOCKS
    blocks = take_blocks("x = 1\n" + "y" * 5000 + "\n" + "z\n" * 200, Window("z\n", "", 203, 203))
    assert all("yyy" not in block for block in blocks)
    assert take_blocks("a\nb", Window("a\nb", "", 1, 2)) == ()


@given(st.lists(st.sampled_from(["a b", "", "  c", "d e f g"]), max_size=40), st.text("xy(\n ", max_size=30))
def test_the_suffix_is_frozen_while_typing_goes_on(lines, typed):
    before, after = "first\n", "rest of the line\n" + "\n".join(lines)
    suffixes = {
        take_window(before + typed[:length] + after, len(before) + length, Budget(30, 20), words).suffix
        for length in range(len(typed) + 1)
    }
    assert len(suffixes) == 1


def test_the_file_in_short_gets_what_the_window_leaves():
    assert fit_budget(Budget(512, 128), 4096) == Budget(512, 128)
    assert fit_budget(Budget(512, 128), 700) == Budget(512, 128, 60)
    assert fit_budget(Budget(512, 128), 320) == Budget(256, 64, 0)
